#include "pipeline/watch/night_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/vector/vector_hash.hpp"
#include "pipeline/report/versions.hpp"
#include "pipeline/watch/checked_json.hpp"
#include "pipeline/watch/night_record.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t largest_plan_bytes = std::uint64_t{256} << 20;
constexpr std::size_t id_digits = 16;
constexpr std::int64_t largest_size = std::int64_t{1} << 50;

std::string line_of(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

bool is_plan_id(const std::string& text) {
  return text.size() == id_digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// It becomes the name of a file.
bool is_unit_id(const std::string& text) {
  return !text.empty() && text.size() <= 200 && text.front() != '.' &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-") ==
             std::string::npos;
}

/// All of the header that says what is planned.
ordered_json content_of(const NightPlan& plan) {
  return {{"record", plan.record},
          {"sites_sha256", plan.sites_sha256},
          {"until", plan.until ? ordered_json(format_instant(*plan.until)) : ordered_json(nullptr)},
          {"options", plan.options},
          {"skipped", pairs_json(plan.skipped)},
          {"units", plan.units.size()}};
}

ordered_json unit_json(const PlannedUnit& unit) {
  ordered_json object{{"unit", unit.unit},
                      {"site", unit.site},
                      {"pane", unit.pane},
                      {"acquisitions", unit.acquisitions},
                      {"new_acquisitions", unit.new_acquisitions},
                      {"replayed", unit.replayed},
                      {"inputs", unit.inputs},
                      {"memory_bytes", unit.memory_bytes},
                      {"seconds", unit.seconds},
                      {"after", ordered_json::array()},  // units do not wait for one another
                      {"scenes", nullptr}};
  if (unit.scenes) object["scenes"] = {unit.scenes->offset, unit.scenes->bytes, unit.scenes->sha256};
  return object;
}

std::string lines_of(const std::vector<PlannedUnit>& units) {
  std::string lines;
  for (const PlannedUnit& unit : units) lines += line_of(unit_json(unit));
  return lines;
}

SceneBlock block_of(const json& value) {
  const bool is_block = value.is_array() && value.size() == 3 && value[2].is_string();
  const auto offset = is_block ? whole_number_in<std::uint64_t>(value[0]) : std::nullopt;
  const auto bytes = is_block ? whole_number_in<std::uint64_t>(value[1]) : std::nullopt;
  if (!offset || !bytes || !is_sha256(value[2].get<std::string>())) throw DataError("'scenes' is no place of scenes");
  return {*offset, *bytes, value[2].get<std::string>()};
}

PlannedUnit unit_of(const json& value) {
  const CheckedObject object(value);
  PlannedUnit unit;
  unit.unit = object.text("unit");
  unit.site = object.text("site");
  if (!is_unit_id(unit.unit)) throw DataError("'unit' is no id of a unit");
  unit.pane = static_cast<int>(object.number("pane"));
  unit.acquisitions = static_cast<int>(object.number("acquisitions"));
  unit.new_acquisitions = static_cast<int>(object.number("new_acquisitions"));
  unit.replayed = static_cast<int>(object.number("replayed"));
  unit.inputs = object.texts("inputs");
  unit.memory_bytes = object.number("memory_bytes", largest_size);
  unit.seconds = object.seconds("seconds");
  if (!object.at("scenes").is_null()) unit.scenes = block_of(object.at("scenes"));
  return unit;
}

NightPlan header_of(const json& value) {
  const CheckedObject object(value);
  if (object.number("plan") != plan_format) throw DataError("is of a format that this program does not know");
  NightPlan plan;
  plan.id = object.text("id");
  if (!is_plan_id(plan.id)) throw DataError("'id' is no id of a plan");
  plan.made = object.time("made");
  plan.record = object.text("record");
  plan.sites_sha256 = object.text("sites_sha256");
  plan.until = object.time_or_null("until");
  const json& options = object.at("options");
  if (!options.is_object()) throw DataError("'options' is no object");
  for (const auto& [name, text] : options.items()) plan.options[name] = CheckedObject(options).text(name.c_str());
  plan.skipped = object.text_pairs("skipped");
  return plan;
}

std::string merged_path(const std::string& state, const std::string& plan) {
  return units_folder(state, plan) + "/.merged.json";
}

}  // namespace

const PlannedUnit* NightPlan::find(const std::string& unit) const {
  const auto found = std::find_if(units.begin(), units.end(), [&](const PlannedUnit& one) { return one.unit == unit; });
  return found == units.end() ? nullptr : &*found;
}

NamedTexts common_options_of(const WatchOptions& options) {
  NamedTexts texts = run_options(options);
  for (const char* const own : {"memory", "threads", "signed", "time-stamps", "sites"}) texts.erase(own);
  const auto word = [](bool is_on) { return std::string(is_on ? "on" : "off"); };
  texts["version"] = program_version();
  texts["elevation"] = options.light.elevation;
  texts["topographic-correction"] = word(options.light.topographic_correction);
  texts["brdf"] = word(options.light.brdf);
  texts["normalise"] = word(options.light.normalise);
  texts["new-register"] = word(options.new_register);
  return texts;
}

void expect_options(const NightPlan& plan, const WatchOptions& options) {
  const NamedTexts now = common_options_of(options);
  const auto text_in = [](const NamedTexts& texts, const std::string& name) {
    const auto found = texts.find(name);
    return found == texts.end() || found->second.empty() ? std::string("not given") : found->second;
  };
  NamedTexts all = plan.options;
  all.insert(now.begin(), now.end());
  for (const auto& [name, text] : all) {
    if (text_in(plan.options, name) == text_in(now, name)) continue;
    throw ConfigError("--" + name + ": " + text_in(plan.options, name) + " in the plan, " + text_in(now, name) +
                      " here: plan, units and merge need the same options (one file for --config)");
  }
  if (!plan.sites_sha256.empty() && sha256_of_vector_file(options.sites) != plan.sites_sha256) {
    throw ConfigError("--sites " + options.sites + ": is not the file that was planned with; plan anew");
  }
}

void set_id(NightPlan& plan) {
  plan.id = sha256_text(line_of(content_of(plan)) + lines_of(plan.units)).substr(0, id_digits);
}

std::string plan_text(const NightPlan& plan) {
  ordered_json header{{"plan", plan_format}, {"id", plan.id}, {"made", format_instant(plan.made)}};
  header.update(content_of(plan));
  return line_of(header) + lines_of(plan.units);
}

NightPlan parse_plan(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line)) throw DataError("is empty");
  NightPlan plan = header_of(parse_json(line));
  std::set<std::string> known;
  std::size_t number = 1;
  while (std::getline(lines, line)) {
    ++number;
    try {
      plan.units.push_back(unit_of(parse_json(line)));
      if (!known.insert(plan.units.back().unit).second) throw DataError("names a unit again");
    } catch (const DataError& error) {
      throw DataError("line " + std::to_string(number) + ": " + error.what());
    }
  }
  const std::string id = plan.id;
  set_id(plan);
  if (plan.id != id) throw DataError("was changed: its id is not that of its content");
  return plan;
}

std::string plan_path(const std::string& state) { return state + "/plan.jsonl"; }

std::string units_folder(const std::string& state, const std::string& plan) { return state + "/units/" + plan; }

std::optional<NightPlan> read_plan(const std::string& state) {
  try {
    const auto text = read_regular_file(plan_path(state), largest_plan_bytes);
    if (!text) return {};
    return parse_plan(*text);
  } catch (const DataError& error) {
    throw DataError(plan_path(state) + ": " + error.what());
  }
}

void forget_plan(const std::string& state) {
  std::error_code none;
  fs::remove(plan_path(state), none);
  fs::remove_all(state + "/units", none);
}

void note_merged(const std::string& state, const std::string& plan, const std::vector<std::string>& missing) {
  write_file_atomically(merged_path(state, plan), line_of({{"missing", missing}}));
}

std::optional<std::vector<std::string>> missing_when_merged(const std::string& state, const std::string& plan) {
  if (!is_plan_id(plan)) return {};
  try {
    const auto text = read_regular_file(merged_path(state, plan), largest_plan_bytes);
    if (!text) return {};
    return CheckedObject(parse_json(*text)).texts("missing");
  } catch (const DataError&) {  // what is merged again comes to the same
    return {};
  }
}

bool is_merged(const std::string& state, const std::string& plan, const std::string& unit) {
  const auto missing = missing_when_merged(state, plan);
  return missing && std::find(missing->begin(), missing->end(), unit) == missing->end();
}

}  // namespace pitwatch
