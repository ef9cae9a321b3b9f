// Any bytes, read as sites, as known events and as alerts: what is read keeps its promises, or a DataError (ConfigError
// where a site's options are none).

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/io/vector/truth_geojson.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;
using fuzz::require;

void require_shape(const LonLatMultiPolygon& shape) { require(!shape.empty()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::ScratchFile scratch("features.geojson");
  scratch.write(fuzz::text_of(data, size));
  try {
    for (const Site& site : read_sites(scratch.path())) {
      require(!site.id.empty() && site.id.find_first_of("/.\\") == std::string::npos);
      require(std::abs(site.longitude) <= 180 && std::abs(site.latitude) <= 84);
      require(std::isfinite(site.lower_left.x) && std::isfinite(site.upper_right.y));
      require(site.lower_left.x <= site.upper_right.x && site.lower_left.y <= site.upper_right.y);
    }
  } catch (const DataError&) {
  } catch (const ConfigError&) {
  }
  try {
    for (const TruthFeature& event : read_truth_geojson(scratch.path()).events) {
      require_shape(event.shape);
      require(event.onset <= event.complete && (!event.end || event.onset <= *event.end));
    }
  } catch (const DataError&) {
  }
  try {
    for (const AlertFeature& alert : read_alerts(scratch.path())) {
      require_shape(alert.shape);
      require(alert.confidence >= 0 && alert.confidence <= 1);
    }
  } catch (const DataError&) {
  }
  return 0;
}
