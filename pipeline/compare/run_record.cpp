#include "pipeline/compare/run_record.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/dispatch.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/report/versions.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

/// Floats as the shortest decimal of float precision, not as that of their double.
double tidy(double value) { return std::round(value * 1e7) / 1e7; }

json options_object(const CompareOptions& options) {
  const EvidenceOptions& evidence = options.evidence;
  json edges = json::array();
  for (const float edge : evidence.ground_edges) edges.push_back(tidy(edge));
  json object{{"min_area_ha", options.min_area_ha},
              {"simplify_m", options.simplify_m},
              {"score_low", options.score_low},
              {"score_high", options.score_high},
              {"min_confidence", options.min_confidence},
              {"ground_edges_ndvi", edges},
              {"clip_sigma", tidy(evidence.clip_sigma)},
              {"surroundings_weight_px", tidy(evidence.surroundings_weight)},
              {"misregistration_px", tidy(evidence.misregistration_px)},
              {"cap", tidy(evidence.cap)},
              {"water_swir", tidy(evidence.water_swir)},
              {"land_swir", tidy(evidence.land_swir)},
              {"water_floor", tidy(evidence.water_floor)},
              {"cloud_rise", tidy(evidence.cloud_rise)},
              {"cloud_red_share", tidy(evidence.cloud_red_share)},
              {"cloud_swir_share", tidy(evidence.cloud_swir_share)},
              {"quiet_evidence", tidy(evidence.quiet_evidence)},
              {"half_score", tidy(evidence.half_score)},
              {"absolute_noise", tidy(evidence.unchanged.absolute_noise)},
              {"absolute_noise_share", tidy(evidence.unchanged.absolute_noise_share)},
              {"contrast_noise", tidy(evidence.contrast_noise)},
              {"unchanged_reach_sigma", tidy(evidence.unchanged.reach_sigma)},
              {"unchanged_most_growth", tidy(evidence.unchanged.most_growth)},
              {"gain_sd", tidy(evidence.unchanged.gain_sd)},
              {"level_sd", tidy(evidence.unchanged.level_sd)},
              {"kind_sd", tidy(evidence.unchanged.kind_sd)},
              {"prior_cells", tidy(evidence.unchanged.prior_cells)},
              {"outline_share", tidy(evidence.outline_share)}};
  if (evidence.features.size() > 0) object["features"] = evidence.features.text();
  return object;
}

/// Of a band that is not the first of its file as it is stored: what its numbers there are.
json layer_object(const RasterLayer& layer) {
  constexpr std::array coding_names{"as stored", "reflectance", "Fmask", "MAJA CLM and MG2", "QA60"};
  json object{{"band_of_file", layer.number}, {"coding", coding_names[static_cast<std::size_t>(layer.coding)]}};
  if (layer.coding == PixelCoding::reflectance) {
    object["scale"] = layer.scale;
    object["offset"] = layer.offset;
    const bool is_number = layer.nodata && std::isfinite(*layer.nodata);
    object["nodata"] = is_number ? json(*layer.nodata) : json(nullptr);
  }
  if (!layer.beside.empty()) object["beside"] = redacted(layer.beside);
  return object;
}

json scene_object(const Scene& scene, const OffsetReport& offsets) {
  json object{{"id", scene.id}, {"source", redacted(scene.source)}, {"acquired", format_instant(scene.acquired)}};
  const auto add = [&](const char* key, const std::string& value) {
    object[key] = value.empty() ? json(nullptr) : json(value);
  };
  add("platform", scene.platform);
  add("level", scene.level);
  add("processing_baseline", scene.processing_baseline);
  add("tile", scene.tile);
  json bands = json::object();
  for (const auto& [band, asset] : scene.bands) {
    const Calibration& calibration = asset.calibration;
    bands[std::string(name(band))] = {{"path", redacted(asset.path)},
                                      {"scale", tidy(calibration.scale)},
                                      {"offset", tidy(calibration.offset)},
                                      {"nodata", calibration.nodata ? json(*calibration.nodata) : json(nullptr)}};
    if (asset.layer != RasterLayer{}) bands[std::string(name(band))]["layer"] = layer_object(asset.layer);
  }
  object["bands"] = bands;
  object["assumptions"] = scene.assumptions;
  object["offsets"] = {
      {"rule", scene.offsets.rule},
      {"contradictions", scene.offsets.contradictions},
      {"pixels", {{"verdict", verdict_name(offsets.finding.verdict)}, {"finding", offsets.finding.text}}}};
  return object;
}

json mask_object(const MaskCounts& counts) {
  json by_reason = json::object();
  for (const MaskReasonName& reason : mask_reasons) {
    if (reason.bit == mask_terrain_shadow) continue;  // of sites with an elevation model, not of pairs
    std::int64_t pixels = 0;
    for (std::size_t bits = 0; bits < counts.size(); ++bits) {
      if ((bits & reason.bit) != 0) pixels += counts[bits];
    }
    by_reason[std::string(reason.name)] = pixels;
  }
  return {{"clear", counts[0]}, {"by_reason", by_reason}};
}

/// band_error: the error of the reflectance of each band by which the feature's own is what unchanged ground differs
/// by.
json features_object(const PairModel& model, const ExtraFeatures& features) {
  json list = json::array();
  for (std::size_t k = 0; k < model.features.size(); ++k) {
    const FeatureModel& of = model.features[k];
    list.push_back({{"name", features[k].name},
                    {"formula", features[k].formula},
                    {"gain", tidy(of.gain.gain)},
                    {"offset", tidy(of.gain.offset / features[k].scale)},
                    {"band_error", of.judges() ? json(tidy(of.band_error)) : json(nullptr)},
                    {"pixels_sampled", of.pixels}});
  }
  return list;
}

/// Of a pair without blue, what red stands in for is left out.
json model_object(const PairModel& model, const ExtraFeatures& features, bool has_blue) {
  constexpr std::array band_names{"B02", "B04"};
  constexpr std::array channel_names{"B02", "B04", "B04-B02"};
  json normalisation = json::object();
  for (std::size_t b = has_blue ? kernels::band_is_blue : kernels::band_is_red; b < band_names.size(); ++b) {
    normalisation[band_names[b]] = {{"gain", tidy(model.gains[b].gain)}, {"offset", tidy(model.gains[b].offset)}};
  }
  json noise = json::object();
  for (std::size_t c = 0; c < channel_names.size(); ++c) {
    if (has_blue || c == kernels::channel_red) noise[channel_names[c]] = tidy(model.noise[c]);
  }
  const ModelBasis& basis = model.basis;
  json absolute = json::object();
  for (std::size_t c = 0; c < channel_names.size(); ++c) {
    if (has_blue || c == kernels::channel_red) absolute[channel_names[c]] = tidy(basis.absolute_noise[c]);
  }
  const json unchanged{{"share", std::round(basis.share * 1e4) / 1e4},
                       {"cells", std::round(basis.cells * 10) / 10},
                       {"own_weight", std::round(basis.own_weight * 1e4) / 1e4},
                       {"moved_as_one", basis.moved_as_one},
                       {"rounds", basis.rounds},
                       {"absolute_noise_sigma", absolute}};
  json object{{"basis", basis_name(basis)},
              {"unchanged", unchanged},
              {"normalisation", normalisation},
              {"noise_sigma", noise},
              {"median_evidence", tidy(model.median_evidence)}};
  if (!model.features.empty()) object["features"] = features_object(model, features);
  return object;
}

json alerts_object(const CompareReport& report) {
  json classes = json::object();
  double area_ha = 0;
  for (const Alert& alert : report.alerts) {
    json& count = classes[std::string(name(alert.change_class))];
    count = count.is_null() ? 1 : whole_number<int>(count) + 1;
    area_ha += alert.area_ha;
  }
  return {{"count", report.alerts.size()}, {"area_ha", std::round(area_ha * 1e4) / 1e4}, {"by_class", classes}};
}

}  // namespace

std::string options_json(const CompareOptions& options) { return options_object(options).dump(); }

void write_run_record(const std::string& path, const CompareReport& report, const CompareOptions& options) {
  json inputs = json::array();
  for (const InputRecord& input : report.inputs) {
    inputs.push_back({{"role", input.role},
                      {"path", redacted(input.path)},
                      {"sha256", input.sha256.empty() ? json(nullptr) : json(input.sha256)}});
  }
  json library_versions = json::object();
  for (const auto& [library, version] : versions()) library_versions[library] = version;
  json stages = json::object();
  for (const auto& [stage, seconds] : report.stage_seconds) stages[stage] = std::round(seconds * 1e3) / 1e3;

  const Alignment& alignment = report.alignment;
  const bool has_blue = report.before.has(Band::B02) && report.after.has(Band::B02);
  const json record{{"command", "compare"},
                    {"before", scene_object(report.before, report.offsets[0])},
                    {"after", scene_object(report.after, report.offsets[1])},
                    {"inputs", inputs},
                    {"limits", report.limits},
                    {"assumptions", report.assumptions},
                    {"options", options_object(options)},
                    {"offset_check", offset_check_name(options.checks.offsets)},
                    {"gate", options.checks.gate},
                    {"aoi", options.aoi ? json(*options.aoi) : json(nullptr)},
                    {"versions", library_versions},
                    {"simd_target", kernels::active_target()},
                    {"grid",
                     {{"crs", report.grid.crs},
                      {"origin", {report.grid.origin.x, report.grid.origin.y}},
                      {"pixel_size_m", report.grid.pixel_size_m},
                      {"width", report.grid.width},
                      {"height", report.grid.height}}},
                    {"shift",
                     {{"x_px", tidy(alignment.x.offset)},
                      {"y_px", tidy(alignment.y.offset)},
                      {"x_per_px", tidy(alignment.x.slope)},
                      {"y_per_px", tidy(alignment.y.slope)},
                      {"residual_px", tidy(alignment.residual_px)},
                      {"windows_used", alignment.windows_used},
                      {"windows_measured", alignment.windows_measured}}},
                    {"model", model_object(report.model, options.evidence.features, has_blue)},
                    {"pixels", mask_object(report.pixels_by_mask)},
                    {"alerts", alerts_object(report)},
                    {"execution",
                     {{"threads", report.threads},
                      {"tile_size_px", report.tile_size_px},
                      {"tiles_in_flight", report.tokens},
                      {"planned_bytes", report.planned_bytes},
                      {"wall_seconds", std::round(report.wall_seconds * 1e3) / 1e3},
                      {"stage_seconds", stages}}}};
  write_file_atomically(path, record.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace pitwatch
