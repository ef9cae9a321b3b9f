#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "pipeline/io/files/hashing.hpp"
#include "pipeline/record/manifest.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t longest_text = 64 << 10;
const std::string lines_here("\0lines", 6);  // with a NUL, which no other text has

std::string clean(const std::string& text) {
  std::string result = text.substr(0, longest_text);
  std::replace(result.begin(), result.end(), '\0', ' ');
  return result;
}

ordered_json text_json(const std::string& text) { return clean(text); }

ordered_json time_json(const Instant& instant) { return format_instant(instant); }

ordered_json time_json(const std::optional<Instant>& instant) {
  return instant ? time_json(*instant) : ordered_json(nullptr);
}

ordered_json hash_json(const std::string& sha256) {
  if (sha256.empty()) return nullptr;
  if (!is_sha256(sha256)) throw std::invalid_argument("manifest: '" + sha256 + "' is no SHA-256");
  return sha256;
}

ordered_json path_json(const std::string& path) {
  if (!is_output_path(path)) throw std::invalid_argument("manifest: the path '" + path + "' leaves the state");
  return path;
}

ordered_json number_json(double number) {
  if (!std::isfinite(number)) throw std::invalid_argument("manifest: a number that is none");
  return number;
}

ordered_json count_json(int count) {
  if (count < 0) throw std::invalid_argument("manifest: a count below zero");
  return count;
}

ordered_json share_json(const std::optional<double>& share) {
  if (!share) return nullptr;
  if (!(*share >= 0 && *share <= 1)) throw std::invalid_argument("manifest: a share that is not within 0..1");
  return *share;
}

ordered_json texts_json(const NamedTexts& texts) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, text] : texts) object[clean(name)] = text_json(text);
  return object;
}

ordered_json angles_json(const std::optional<ViewAngles>& angles) {
  if (!angles) return nullptr;
  return {{"zenith", number_json(angles->zenith)}, {"azimuth", number_json(angles->azimuth)}};
}

template <typename Item, typename ToJson>
ordered_json list_json(const std::vector<Item>& items, const ToJson& to_json) {
  ordered_json list = ordered_json::array();
  for (const Item& item : items) list.push_back(to_json(item));
  return list;
}

ordered_json product_json(const ProductUsed& product) {
  const auto calibration = [](const BandCalibrationUsed& used) -> ordered_json {
    return {{"band", text_json(used.band)}, {"scale", number_json(used.scale)}, {"offset", number_json(used.offset)}};
  };
  return {{"id", text_json(product.id)},
          {"source", text_json(product.source)},
          {"platform", text_json(product.platform)},
          {"datatake", text_json(product.datatake)},
          {"tile", text_json(product.tile)},
          {"level", text_json(product.level)},
          {"baseline", text_json(product.baseline)},
          {"processed", time_json(product.processed)},
          {"offset_rule", text_json(product.offset_rule)},
          {"offsets", list_json(product.offsets, calibration)},
          {"sun", angles_json(product.sun)},
          {"view", angles_json(product.view)},
          {"fingerprint", hash_json(product.fingerprint)},
          {"files", list_json(product.files, text_json)}};
}

ordered_json acquisition_json(const AcquisitionUsed& acquisition) {
  return {{"site", text_json(acquisition.site)},
          {"pane", text_json(acquisition.pane)},
          {"acquired", time_json(acquisition.acquired)},
          {"use", name(acquisition.use)},
          {"reason", text_json(acquisition.reason)},
          {"products", list_json(acquisition.products, product_json)},
          {"cloud_share", share_json(acquisition.cloud_share)},
          {"valid_share", share_json(acquisition.valid_share)}};
}

ordered_json missing_json(const MissingAcquisition& missing) {
  return {{"site", text_json(missing.site)},
          {"acquired", time_json(missing.acquired)},
          {"scene", text_json(missing.scene)},
          {"what", name(missing.what)},
          {"since", time_json(missing.since)}};
}

ordered_json notice_json(const Notice& notice) {
  return {{"what", text_json(notice.what)}, {"why", text_json(notice.why)}, {"since", time_json(notice.since)}};
}

ordered_json site_json(const SiteStanding& site) {
  const auto checkpoint = [](const CheckpointFile& file) -> ordered_json {
    return {{"path", path_json(file.path)}, {"looks", count_json(file.acquisitions)}};
  };
  return {{"id", text_json(site.id)},
          {"panes", count_json(site.panes)},
          {"looks", count_json(site.acquisitions)},
          {"first_acquisition", time_json(site.first_acquisition)},
          {"last_acquisition", time_json(site.last_acquisition)},
          {"learning", site.learning},
          {"learn_until", time_json(site.learn_until)},
          {"checkpoints", list_json(site.checkpoints, checkpoint)},
          {"open_incidents", count_json(site.open_incidents)},
          {"is_watched", site.is_watched},
          {"options", texts_json(site.options)},
          {"last_error", text_json(site.last_error)}};
}

ordered_json output_json(const OutputFile& file) {
  return {{"path", path_json(file.path)}, {"size", file.size}, {"sha256", hash_json(file.sha256)}};
}

ordered_json chip_json(const ChipFile& chip) {
  return {{"path", path_json(chip.path)},
          {"size", chip.size},
          {"sha256", hash_json(chip.sha256)},
          {"replaced_sha256", hash_json(chip.replaced_sha256)}};
}

std::string dumped(const ordered_json& value, int indent = -1) {
  return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

/// A list of which each item is a line: of what there are many.
template <typename Item, typename LineOf>
std::string lines_text(const std::vector<Item>& items, const LineOf& line_of) {
  std::string text = "[";
  for (const Item& item : items) text += (text.size() == 1 ? "\n    " : ",\n    ") + line_of(item);
  return text + (items.empty() ? "]" : "\n  ]");
}

ordered_json register_json(const std::optional<RegisterStanding>& standing) {
  if (!standing) return nullptr;
  ordered_json alerts = ordered_json::object();
  for (const auto& [status, count] : standing->alerts) alerts[clean(status)] = count;
  ordered_json tables = ordered_json::object();
  for (const auto& [name, table] : standing->tables) {
    tables[clean(name)] = {{"rows", table.rows}, {"sha256", hash_json(table.sha256)}};
  }
  return {{"target", text_json(standing->target)},
          {"sha256", hash_json(standing->sha256)},
          {"alerts", std::move(alerts)},
          {"reviews", standing->reviews},
          {"reviews_sha256", hash_json(standing->reviews_sha256)},
          {"runs", standing->runs},
          {"tables", std::move(tables)}};
}

ordered_json review_json(const std::optional<ReviewMade>& review) {
  if (!review) return nullptr;
  return {{"alert_id", text_json(review->alert_id)},       {"verdict", name(review->verdict)},
          {"reviewer", text_json(review->reviewer)},       {"reason", text_json(review->reason)},
          {"reviewed_at", time_json(review->reviewed_at)}, {"recorded_at", time_json(review->recorded_at)},
          {"os_user", text_json(review->os_user)}};
}

ordered_json reference_json(const std::optional<ManifestReference>& reference) {
  if (!reference) return nullptr;
  return {{"name", text_json(reference->name)}, {"sha256", hash_json(reference->sha256)}};
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  ordered_json object{
      {"format", manifest_format},
      {"command", text_json(manifest.command)},
      {"started", time_json(manifest.started)},
      {"ended", time_json(manifest.ended)},
      {"exit_code", count_json(manifest.exit_code)},
      {"message", text_json(manifest.message)},
      {"host", text_json(manifest.host)},
      {"os_user", text_json(manifest.os_user)},
      {"previous", reference_json(manifest.previous)},
      {"head_before", manifest.head_before.empty() ? ordered_json(nullptr) : text_json(manifest.head_before)},
      {"program",
       {{"version", text_json(manifest.program_version)},
        {"algorithm", text_json(manifest.algorithm)},
        {"libraries", texts_json(manifest.library_versions)}}},
      {"sites_file", {{"path", text_json(manifest.sites_file)}, {"sha256", hash_json(manifest.sites_sha256)}}},
      {"source", text_json(manifest.source)},
      {"options", texts_json(manifest.options)},
      {"sites", list_json(manifest.sites, site_json)},
      {"acquisitions", lines_here},
      {"inputs", lines_here},
      {"missing", list_json(manifest.missing, missing_json)},
      {"notices", list_json(manifest.notices, notice_json)},
      {"outputs", list_json(manifest.outputs, output_json)},
      {"chips", list_json(manifest.chips, chip_json)},
      {"pruned", list_json(manifest.pruned, output_json)},
      {"register", register_json(manifest.alert_register)},
      {"review", review_json(manifest.review)}};
  if (manifest.part > 0) object["part"] = count_json(manifest.part);
  const std::string text = dumped(object, 2) + "\n";
  const std::string mark = dumped(lines_here);
  const std::size_t acquisitions = text.find(mark);
  const std::size_t inputs = text.find(mark, acquisitions + mark.size());
  const auto acquisition_line = [](const AcquisitionUsed& one) { return dumped(acquisition_json(one)); };
  return text.substr(0, acquisitions) + lines_text(manifest.acquisitions, acquisition_line) +
         text.substr(acquisitions + mark.size(), inputs - acquisitions - mark.size()) +
         lines_text(manifest.inputs, input_file_json) + text.substr(inputs + mark.size());
}

}  // namespace pitwatch
