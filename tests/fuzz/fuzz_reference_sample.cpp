// Any bytes as a reference sample, as a table and as features: samples whose figures are numbers, or a DataError of one
// line that names the file.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/account/reference_sample.hpp"
#include "pipeline/core/error.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  static const fuzz::ScratchFile table("points.csv");
  static const fuzz::ScratchFile features("points.geojson");
  for (const fuzz::ScratchFile* const file : {&table, &features}) {
    file->write(fuzz::text_of(data, size));
    try {
      const std::vector<ReferenceSample> samples = read_reference(file->path());
      require(!samples.empty());
      for (const ReferenceSample& sample : samples) {
        require(sample.mapped_ha > 0 && std::isfinite(sample.mapped_ha));
        require(std::isfinite(sample.disturbed_ha.value) && sample.disturbed_ha.standard_error >= 0);
        require(samples.size() == 1 || !sample.site.empty());
        const AreaRatio ratio = area_ratio(sample, std::nullopt);
        require(std::isfinite(ratio.value) && std::isfinite(ratio.standard_error));
      }
    } catch (const DataError& error) {
      const std::string what = error.what();
      require(what.starts_with(file->path() + ": "));
      require(what.find('\n') == std::string::npos && what.find('\x1b') == std::string::npos);
      require(what.size() < file->path().size() + 1000);
    }
  }
  return 0;
}
