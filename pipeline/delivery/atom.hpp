#pragma once
// Atom feeds (RFC 4287) of alerts, with their boxes as GeoRSS.

#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"

namespace pitwatch {

struct FeedEntry {
  const OutlinedAlert* alert = nullptr;
  Instant updated{};  // when the register recorded of it last
  std::string item;   // its STAC item, as from the feed
};

/// The entries in the order given. `base` is where the folder is served, empty: links are relative.
std::string atom_feed(const std::string& title, const std::string& file, const std::vector<FeedEntry>& entries,
                      const std::string& base, const std::string& version);

/// "urn:uuid:..." of a name: the same name, the same.
std::string urn_of(const std::string& name);

}  // namespace pitwatch
