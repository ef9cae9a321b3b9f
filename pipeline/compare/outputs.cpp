#include "pipeline/compare/outputs.hpp"

#include <array>

#include "pipeline/compare/build_alerts.hpp"
#include "pipeline/core/alert_colours.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/polygons/components.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
ComparisonOutputs::ComparisonOutputs(const CompareReport& report, const CompareOptions& options)
    : report_(report),
      folder_(options.out + "/"),
      items_{{"PITWATCH_BEFORE", report.before.id},
             {"PITWATCH_AFTER", report.after.id},
             {"PITWATCH_VERSION", algorithm_name(options)}} {}

void ComparisonOutputs::write_score(PlaneView<const std::uint8_t> codes) const {
  write_cog_float(folder_ + "score.tif", report_.grid, codes, shares_of_codes(score_max),
                  {"evidence that the ground was newly disturbed, 0 to 1", items_}, in_parallel);
}

void ComparisonOutputs::write_mask(PlaneView<const std::uint8_t> classes) const {
  CogMetadata metadata{"difference mask by class", items_};
  metadata.colours[mask_stable] = {stable_colour.red, stable_colour.green, stable_colour.blue};
  for (const auto& [change_class, class_name] : change_class_names) {
    metadata.items.emplace_back("CLASS_" + std::to_string(static_cast<int>(change_class)), class_name);
    const Colour colour = colour_of(change_class);
    metadata.colours[static_cast<std::uint8_t>(change_class)] = {colour.red, colour.green, colour.blue};
  }
  write_cog_byte(folder_ + "mask.tif", report_.grid, classes, metadata, in_parallel);
}

std::unique_ptr<AtomicFile> ComparisonOutputs::prepare_alerts(std::span<const Alert> alerts) const {
  return prepare_alerts_geojson(folder_ + "alerts.geojson", alerts, report_.grid,
                                {"alerts", report_.before.acquired, report_.after.acquired}, in_parallel);
}

}  // namespace pitwatch
