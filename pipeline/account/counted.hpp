#pragma once
// From the register to the ledger: which alerts count, which are left out and why, and on which pixels they lay when.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/account/ledger.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/alerts/register_rows.hpp"

namespace pitwatch {

/// Why an alert is no part of an account.
enum class LeftOut : std::uint8_t {
  reviewed_false,
  reviewed_natural,
  likely_natural,      // by its probability, and nobody found otherwise
  closed_unconfirmed,  // the ground was as before again, before it was confirmed: mostly none
  replaced,            // superseded because its site was learnt anew, or by an acquisition that came late
};
inline constexpr std::array<std::string_view, 5> left_out_names{"reviewed_false", "reviewed_natural", "likely_natural",
                                                                "closed_unconfirmed", "replaced"};
inline std::string_view name(LeftOut why) { return left_out_names[static_cast<std::size_t>(why)]; }

struct LeftOutAlert {
  OutlinedAlert alert;
  LeftOut why = LeftOut::reviewed_false;
  std::vector<std::string> lineage = {};  // as of a CountedObject
};

/// An object of the account: an alert that counts, with those that merged into it.
struct CountedObject {
  OutlinedAlert alert;               // with its history
  std::vector<std::string> lineage;  // ids of the alerts that it stands for, ascending; without its own
};

struct CountedSite {
  std::string site;
  std::vector<CountedObject> objects;  // by first detection, then id
  std::vector<LeftOutAlert> left_out;  // likewise
  std::vector<LedgerObject> ledger;    // of `objects`, one each
  std::vector<PixelArea> pixels;       // of all of them, ascending
  std::vector<std::string> zones;      // CRS by the number of the zone in their keys
  std::size_t present_outlines = 0;    // events whose outline is not recorded: that of today stands for it
};

/// Why an alert does not count; nothing where it does.
std::optional<LeftOut> left_out(const Alert& alert, std::span<const AlertEvent> history, double max_natural);

/// The sites of a register, by id. Alerts that merged count as one, under the id of that which stands today, with its
/// class, review and confidence. One that somebody reviewed with another outcome than that of the alert it merged into
/// is judged by itself, with what merged into it before: where it counts and the other does not, it holds its last
/// ground of its own for as long as the other does; where it does not count, what the other held since does. Every
/// alert is an object, left out, or in the lineage of one of these, once. The history is the newest revision; events
/// after `until` did not happen. `sites`: these alone; empty: all. Throws DataError naming the alert for an outline
/// that is none.
std::vector<CountedSite> counted_sites(std::span<const OutlinedAlert> alerts, std::span<const RegisteredEvent> history,
                                       std::span<const std::string> sites, std::optional<Instant> until,
                                       double max_natural);

/// Zone, column and row of a pixel, back from its key.
struct PixelPlace {
  int zone = 0;  // its number among those of the site
  PixelPoint at;
};
PixelKey key_of(const PixelPlace& place);
PixelPlace place_of(PixelKey key);

/// The grid of a UTM zone that keys of it count on.
Grid grid_of_zone(const std::string& crs);

}  // namespace pitwatch
