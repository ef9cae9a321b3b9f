#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/record/manifest.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::size_t most_values = std::size_t{16} << 20;  // of all kinds, so that memory is bounded
constexpr std::size_t longest_text = std::size_t{1} << 20;
constexpr std::size_t longest_path = std::size_t{16} << 10;
constexpr std::int64_t largest_count = 1'000'000'000;

[[noreturn]] void refuse(const std::string& member, const std::string& why) {
  throw DataError("'" + member + "' " + why);
}

/// An object of the manifest, whose members are what they are asked for or are refused.
class Members {
 public:
  explicit Members(const json& object) : object_(object) {
    if (!object.is_object()) throw DataError("is no object");
  }

  const json& at(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) refuse(key, "is missing");
    return *found;
  }
  bool has(const char* key) const { return object_.contains(key); }
  bool is_null(const char* key) const { return at(key).is_null(); }

  std::string text(const char* key, std::size_t longest = longest_text) const { return text_of(at(key), key, longest); }
  std::string text_or_null(const char* key) const { return is_null(key) ? std::string() : text(key); }
  std::string hash(const char* key) const {
    const std::string text = this->text(key);
    if (!is_sha256(text)) refuse(key, "is no SHA-256");
    return text;
  }
  std::string hash_or_null(const char* key) const { return is_null(key) ? std::string() : hash(key); }
  std::string output_path(const char* key) const {
    std::string path = text(key);
    if (!is_output_path(path)) refuse(key, "is no path within the state");
    return path;
  }
  Instant time(const char* key) const {
    const std::string text = this->text(key, 64);
    try {
      return parse_instant(text);
    } catch (const DataError& error) {
      refuse(key, std::string("is no time: ") + error.what());
    }
  }
  std::optional<Instant> time_or_null(const char* key) const {
    return is_null(key) ? std::nullopt : std::optional(time(key));
  }
  int count(const char* key, std::int64_t most = largest_count) const {
    const int number = whole_number_in<int>(at(key)).value_or(-1);
    if (number < 0 || number > most) refuse(key, "is no whole number of 0.." + std::to_string(most));
    return number;
  }
  std::uint64_t size(const char* key) const { return size_of(at(key), key); }
  bool flag(const char* key) const {
    if (!at(key).is_boolean()) refuse(key, "is neither true nor false");
    return at(key).get<bool>();
  }
  double number(const char* key) const {
    const json& value = at(key);
    if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(key, "is no number");
    return value.get<double>();
  }
  std::optional<double> share_or_null(const char* key) const {
    if (is_null(key)) return {};
    const double share = number(key);
    if (share < 0 || share > 1) refuse(key, "is not within 0..1");
    return share;
  }
  NamedTexts texts(const char* key) const {
    NamedTexts texts;
    for (const auto& [name, value] : object(key).items()) texts[name] = text_of(value, key, longest_text);
    return texts;
  }
  std::map<std::string, std::uint64_t> sizes(const char* key) const {
    std::map<std::string, std::uint64_t> sizes;
    for (const auto& [name, value] : object(key).items()) sizes[name] = size_of(value, key);
    return sizes;
  }
  /// One of a table of names, as its number.
  template <typename Enum, std::size_t n>
  Enum one_of(const char* key, const std::array<std::string_view, n>& names) const {
    const std::string text = this->text(key);
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) refuse(key, "is none of those that there are");
    return static_cast<Enum>(found - names.begin());
  }
  template <typename Read>
  auto list(const char* key, const Read& read) const {
    const json& array = at(key);
    if (!array.is_array()) refuse(key, "is no list");
    std::vector<decltype(read(array))> items;
    items.reserve(array.size());
    for (const json& value : array) {
      try {
        items.push_back(read(value));
      } catch (const DataError& error) {
        throw DataError(std::string(key) + "[" + std::to_string(items.size()) + "]: " + error.what());
      }
    }
    return items;
  }
  template <typename Read>
  auto optional(const char* key, const Read& read) const -> std::optional<decltype(read(at(key)))> {
    if (is_null(key)) return {};
    try {
      return read(at(key));
    } catch (const DataError& error) {
      throw DataError(std::string(key) + ": " + error.what());
    }
  }

 private:
  const json& object(const char* key) const {
    if (!at(key).is_object()) refuse(key, "is no object");
    return at(key);
  }
  static std::string text_of(const json& value, const char* key, std::size_t longest) {
    if (!value.is_string()) refuse(key, "is no text");
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > longest) refuse(key, "is longer than " + std::to_string(longest) + " bytes");
    if (text.find('\0') != std::string::npos) refuse(key, "holds a NUL");
    return text;
  }
  static std::uint64_t size_of(const json& value, const char* key) {
    const std::int64_t size = whole_number_in<std::int64_t>(value).value_or(-1);
    if (size < 0) refuse(key, "is no size");
    return static_cast<std::uint64_t>(size);
  }

  const json& object_;
};

std::string path_of(const json& value) {
  if (!value.is_string()) throw DataError("is no text");
  const auto& path = value.get_ref<const std::string&>();
  if (path.size() > longest_path || path.find('\0') != std::string::npos) throw DataError("is no path");
  return path;
}

ViewAngles angles_of(const json& value) {
  const Members members(value);
  return {members.number("zenith"), members.number("azimuth")};
}

BandCalibrationUsed calibration_of(const json& value) {
  const Members members(value);
  return {members.text("band"), members.number("scale"), members.number("offset")};
}

ProductUsed product_of(const json& value) {
  const Members members(value);
  ProductUsed product;
  product.id = members.text("id");
  product.source = members.text("source");
  product.platform = members.text("platform");
  product.datatake = members.text("datatake");
  product.tile = members.text("tile");
  product.level = members.text("level");
  product.baseline = members.text("baseline");
  product.processed = members.time_or_null("processed");
  product.offset_rule = members.text("offset_rule");
  product.offsets = members.list("offsets", calibration_of);
  product.sun = members.optional("sun", angles_of);
  product.view = members.optional("view", angles_of);
  product.fingerprint = members.hash_or_null("fingerprint");
  product.files = members.list("files", path_of);
  return product;
}

AcquisitionUsed acquisition_of(const json& value) {
  const Members members(value);
  AcquisitionUsed acquisition;
  acquisition.site = members.text("site");
  acquisition.pane = members.text("pane");
  acquisition.acquired = members.time("acquired");
  acquisition.use = members.one_of<AcquisitionUse>("use", acquisition_use_names);
  acquisition.reason = members.text("reason");
  acquisition.products = members.list("products", product_of);
  acquisition.cloud_share = members.share_or_null("cloud_share");
  acquisition.valid_share = members.share_or_null("valid_share");
  return acquisition;
}

InputFile input_of(const json& value) {
  InputFile file = parse_input_file(value.dump());
  if (file.path.empty() || file.path.size() > longest_path || file.path.find('\0') != std::string::npos) {
    throw DataError("'path' is no path");
  }
  return file;
}

MissingAcquisition missing_of(const json& value) {
  const Members members(value);
  return {members.text("site"), members.time("acquired"), members.text("scene"),
          members.one_of<MissingWhat>("what", missing_what_names), members.time("since")};
}

Notice notice_of(const json& value) {
  const Members members(value);
  return {members.text("what"), members.text("why"), members.time("since")};
}

CheckpointFile checkpoint_of(const json& value) {
  const Members members(value);
  return {members.output_path("path"), members.count("looks")};
}

SiteStanding site_of(const json& value) {
  const Members members(value);
  SiteStanding site;
  site.id = members.text("id");
  site.panes = members.count("panes");
  site.acquisitions = members.count("looks");
  site.first_acquisition = members.time_or_null("first_acquisition");
  site.last_acquisition = members.time_or_null("last_acquisition");
  site.learning = members.flag("learning");
  site.learn_until = members.time_or_null("learn_until");
  site.checkpoints = members.list("checkpoints", checkpoint_of);
  site.open_incidents = members.count("open_incidents");
  site.is_watched = members.flag("is_watched");
  site.options = members.texts("options");
  site.last_error = members.text("last_error");
  return site;
}

OutputFile output_of(const json& value) {
  const Members members(value);
  return {members.output_path("path"), members.size("size"), members.hash("sha256")};
}

ChipFile chip_of(const json& value) {
  const Members members(value);
  return {members.output_path("path"), members.size("size"), members.hash_or_null("sha256"),
          members.hash_or_null("replaced_sha256")};
}

std::map<std::string, TableRows> tables_of(const json& value) {
  std::map<std::string, TableRows> tables;
  if (!value.is_object()) throw DataError("is no object");
  for (const auto& [name, table] : value.items()) {
    const Members members(table);
    tables[name] = {members.size("rows"), members.hash("sha256")};
  }
  return tables;
}

RegisterStanding register_of(const json& value) {
  const Members members(value);
  RegisterStanding standing{members.text("target"),
                            members.hash_or_null("sha256"),
                            members.sizes("alerts"),
                            members.size("reviews"),
                            members.hash_or_null("reviews_sha256"),
                            members.size("runs"),
                            {}};
  if (members.has("tables")) standing.tables = members.optional("tables", tables_of).value_or(standing.tables);
  return standing;
}

ReviewMade review_of(const json& value) {
  const Members members(value);
  return {members.text("alert_id"),    members.one_of<Verdict>("verdict", verdict_names),
          members.text("reviewer"),    members.text("reason"),
          members.time("reviewed_at"), members.time("recorded_at"),
          members.text("os_user")};
}

ManifestReference reference_of(const json& value) {
  const Members members(value);
  return {members.text("name", 64), members.hash("sha256")};
}

void check_format(const Members& members) {
  const int format = members.count("format");
  if (format > manifest_format) {
    throw DataError("is of format " + std::to_string(format) + ", and this program reads up to " +
                    std::to_string(manifest_format) + ": a newer pitwatch wrote it");
  }
  if (format < 1) refuse("format", "is not one that there is");
}

}  // namespace

Manifest parse_manifest(std::string_view text) {
  if (text.size() > largest_manifest_bytes) throw DataError("is larger than a manifest may be");
  const json object = parse_json(text, most_values);
  const Members members(object);
  check_format(members);
  const Members program(members.at("program"));
  const Members sites_file(members.at("sites_file"));
  Manifest manifest;
  manifest.command = members.text("command");
  manifest.started = members.time("started");
  manifest.ended = members.time("ended");
  manifest.exit_code = members.count("exit_code", 255);
  manifest.message = members.text("message");
  manifest.host = members.text("host");
  manifest.os_user = members.text("os_user");
  manifest.previous = members.optional("previous", reference_of);
  manifest.head_before = members.text_or_null("head_before");
  manifest.program_version = program.text("version");
  manifest.algorithm = program.text("algorithm");
  manifest.library_versions = program.texts("libraries");
  manifest.sites_file = sites_file.text("path", longest_path);
  manifest.sites_sha256 = sites_file.hash_or_null("sha256");
  manifest.source = members.text("source");
  manifest.options = members.texts("options");
  manifest.sites = members.list("sites", site_of);
  manifest.acquisitions = members.list("acquisitions", acquisition_of);
  manifest.inputs = members.list("inputs", input_of);
  manifest.missing = members.list("missing", missing_of);
  manifest.notices = members.list("notices", notice_of);
  manifest.outputs = members.list("outputs", output_of);
  if (members.has("chips")) manifest.chips = members.list("chips", chip_of);
  if (members.has("pruned")) manifest.pruned = members.list("pruned", output_of);
  manifest.alert_register = members.optional("register", register_of);
  manifest.review = members.optional("review", review_of);
  if (members.has("part")) manifest.part = members.count("part");
  return manifest;
}

bool is_output_path(std::string_view path) {
  if (path.empty() || path.size() > longest_path || path.find('\0') != std::string_view::npos) return false;
  if (path.front() == '/') path.remove_prefix(1);
  for (;;) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

}  // namespace pitwatch
