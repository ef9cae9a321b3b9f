#pragma once
// The files of a comparison, but for run.json.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/compare/compare.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/files/atomic_file.hpp"

namespace pitwatch {

/// Where the outputs go and what is said in them. Each function writes one file, whole or not at all, on the threads of
/// the calling arena, and throws IoError. Functions may run side by side.
class ComparisonOutputs {
 public:
  /// Takes scenes and grid from the report.
  ComparisonOutputs(const CompareReport& report, const CompareOptions& options);

  /// score.tif, from codes 0..250 and 255.
  void write_score(PlaneView<const std::uint8_t> codes) const;
  /// mask.tif.
  void write_mask(PlaneView<const std::uint8_t> classes) const;
  /// alerts.geojson, which appears when the file is committed.
  std::unique_ptr<AtomicFile> prepare_alerts(std::span<const Alert> alerts) const;

 private:
  const CompareReport& report_;
  std::string folder_;
  std::vector<std::pair<std::string, std::string>> items_;  // of the rasters' metadata
};

}  // namespace pitwatch
