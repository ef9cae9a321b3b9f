// Any bytes, read as the outcome of a unit of one site: its paths are those of the site, and it reads the same when
// written again; or a DataError.

#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/watch/unit_outcome.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  WatchedSite watched;
  watched.site.id = "pit";
  watched.site.crs = "EPSG:32638";
  watched.site.lower_left = {600000, 4500000};
  watched.site.upper_right = {601000, 4501000};
  watched.options.state = "/state";
  const std::vector<Pane> panes{Pane{}};
  try {
    const UnitOutcome outcome = parse_outcome(fuzz::text_of(data, size), watched);
    const PaneOutcome& pane = outcome.panes.front();
    const auto is_own = [](const std::string& path) {
      return path.starts_with("/state/sites/pit/") && path.find("/../") == std::string::npos;
    };
    require(pane.checkpoint.empty() || is_own(pane.checkpoint));
    for (const std::string& path : pane.remarks.obsolete) require(is_own(path));
    for (const std::string& path : pane.remarks.written) require(is_own(path));
    for (const std::string& place : pane.remarks.chip_places) require(place == "pit");
    const std::string text = outcome_text(outcome, "/state");
    require(outcome_text(parse_outcome(text, watched), "/state") == text);
  } catch (const DataError&) {
  }
  return 0;
}
