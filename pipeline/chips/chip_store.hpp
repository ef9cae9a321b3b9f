#pragma once
// The chips of a state, in files:
//
//   STATE/chips/SITE/ALERT/before.tif
//   STATE/chips/SITE/ALERT/detected.tif
//   STATE/chips/SITE/ALERT/confirmed.tif
//   STATE/chips/SITE/ALERT/seen_20210610T074458Z.tif    the film strip
//   STATE/chips/SITE/ALERT/observations.csv             observed_alert.hpp
//
// SITE and ALERT are ids, made safe. Files are GeoTIFFs of seven bands of UInt16: B02, B03, B04, B08, B11, B12, whose
// scale and offset make them reflectance, and the mask bits. As metadata they have PITWATCH_ALERT, PITWATCH_ROLE,
// PITWATCH_ACQUISITION and PITWATCH_ACQUIRED. What a state holds may come from anywhere: all of it is checked and
// bounded.

#include <map>
#include <string>
#include <vector>

#include "pipeline/chips/chip.hpp"
#include "pipeline/core/date.hpp"

namespace pitwatch {

inline constexpr int longest_chip_side = 256;  // pixels
inline constexpr const char* observations_name = "observations.csv";

/// A chip that is kept.
struct KeptChip {
  ChipRole role = ChipRole::seen;
  Instant acquired{};       // of a file that cannot be read and whose name does not tell: 1970
  std::string acquisition;  // scene id; of `before`, and where the file cannot be read, empty
  std::string path;
};

/// An id as the name of a folder: letters, digits, '-' and '_' as they are; of any other id, other characters become
/// '_' and a hash of the id follows, so that no two have one name and none leads elsewhere.
std::string chip_folder_name(const std::string& id);

/// STATE/chips/SITE/ALERT
std::string chips_folder(const std::string& state, const std::string& site, const std::string& alert_id);

/// "before.tif", "seen_20210610T074458Z.tif"; with milliseconds where the instant has some.
std::string chip_file_name(ChipRole role, Instant acquired);

/// The chips of an alert that lie in its folder: before, detected, and then in order of time; none where there are
/// none. One that is damaged is listed all the same: read_chip() says what is wrong with it. Never throws for what is
/// not there: what should be, alert_chips() knows.
std::vector<KeptChip> kept_chips(const std::string& state, const std::string& site, const std::string& alert_id);

/// What a state has of an alert's files, against what it is to have.
struct AlertChips {
  std::vector<KeptChip> chips;       // as kept_chips() lists them
  std::vector<std::string> missing;  // names of files that are due and not there, the table of observations too
  std::string unlisted;              // why the folder cannot be listed; empty: it can, or nothing is due
};

/// The pictures of an alert, for whoever shows them or hands them over. `due`: files that are to be there by the
/// record, by their paths within the state; what a run did not keep and what `prune` took is not among them.
AlertChips alert_chips(const std::string& state, const std::string& site, const std::string& alert_id,
                       const std::map<std::string, std::string>& due);

/// Names in one line: "before.tif, detected.tif, seen_20210610T074458Z.tif and 12 more".
std::string names_text(const std::vector<std::string>& names);

/// What is missing of an alert, or why its folder cannot be listed, as one line that starts with the folder; empty:
/// all is there.
std::string missing_text(const std::string& folder, const AlertChips& chips);

/// Throws DataError, starting with the path: not there, a link, not a chip, damaged, or larger than a chip can be.
Chip read_chip(const std::string& path);

/// The bytes of a chip's file. Throws DataError for planes of another size than the grid, and a CRS without EPSG code.
std::string chip_file(const Chip& chip);

/// Writes a chip where kept_chips() finds it, whole or not at all, and makes the folder. Throws IoError, DataError.
void write_chip(const std::string& state, const std::string& site, const Chip& chip);

}  // namespace pitwatch
