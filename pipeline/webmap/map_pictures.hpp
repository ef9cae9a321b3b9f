#pragma once
// What a state kept of an alert to look at, as the map shows it: pictures of its chips, and its observations. Used
// inside this folder only.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/io/files/atomic_folder.hpp"
#include "pipeline/webmap/map_scripts.hpp"

namespace pitwatch {

/// Of kept chips those that are shown: all but the film strip, and of that at most so many, spread over time, the
/// newest among them.
std::vector<KeptChip> chips_shown(std::vector<KeptChip> chips, int film);

/// Writes two pictures of each chip into chips/NAME, of all dates in one stretch. What cannot be read is left out, and
/// `skipped` says why; it names what is missing of `due`, as of alert_chips(), too. Returns the pictures in order of
/// time.
std::vector<MapPicture> write_pictures(const std::string& state, const std::map<std::string, std::string>& due,
                                       const MapAlert& alert, const std::string& name, int film,
                                       const AtomicFolder& made,
                                       std::vector<std::pair<std::string, std::string>>& skipped);

/// A JSON list of what acquisitions showed of an alert: acquired, use, and NDVI with what was expected and its standard
/// deviation; null where not known. An empty list where nothing was kept, or where it cannot be read, as `skipped`
/// says.
std::string observations_of(const std::string& state, const MapAlert& alert,
                            std::vector<std::pair<std::string, std::string>>& skipped);

}  // namespace pitwatch
