#include "tools/command_alerts.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alert_columns.hpp"
#include "pipeline/io/alert_exports.hpp"
#include "pipeline/io/alert_reader.hpp"
#include "pipeline/io/alerts_geojson.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/register.hpp"
#include "pipeline/io/register_as_of.hpp"
#include "pipeline/io/tables.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/run/night_record.hpp"
#include "tools/alert_diff.hpp"
#include "tools/common_options.hpp"
#include "tools/signing_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> actions{"list", "show", "review", "diff", "export"};
constexpr std::array<std::string_view, 4> formats{"geojson", "gpkg", "csv", "kml"};
constexpr std::size_t candidates_named = 8;

/// Which alerts are meant; what is empty lets all pass.
struct AlertFilter {
  std::vector<std::string> sites;
  std::vector<std::string> statuses;
  std::vector<std::string> classes;
  std::vector<std::string> reviews;  // verdicts, or "none"
  std::optional<Instant> from;       // of last_detected
  std::optional<Instant> to;
  std::optional<double> min_area_ha;
  std::optional<double> max_area_ha;
  std::optional<double> max_natural;
  std::optional<std::array<double, 4>> bbox;  // west, south, east, north
  std::string where;
  std::vector<AlertStatus> hidden;  // statuses that are left out because nobody asked for them
};

bool is_among(const std::vector<std::string>& wanted, std::string_view value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool touches(const LonLatMultiPolygon& outline, const std::array<double, 4>& bbox) {
  const auto [west, south, east, north] = bbox;
  double left = 360, right = -360, bottom = 90, top = -90;
  for (const LonLatPolygon& part : outline) {
    for (const LonLat& place : part.outer) {
      left = std::min(left, place.lon);
      right = std::max(right, place.lon);
      bottom = std::min(bottom, place.lat);
      top = std::max(top, place.lat);
    }
  }
  return left <= east && right >= west && bottom <= north && top >= south;
}

bool passes(const OutlinedAlert& outlined, const AlertFilter& filter) {
  const Alert& alert = outlined.alert;
  const bool is_hidden = std::find(filter.hidden.begin(), filter.hidden.end(), alert.status) != filter.hidden.end();
  return !is_hidden && is_among(filter.sites, alert.site.value_or("")) &&
         is_among(filter.statuses, name(alert.status)) && is_among(filter.classes, name(alert.change_class)) &&
         is_among(filter.reviews, alert.review ? name(alert.review->verdict) : "none") &&
         (!filter.from || alert.last_detected >= *filter.from) && (!filter.to || alert.last_detected <= *filter.to) &&
         (!filter.min_area_ha || alert.area_ha >= *filter.min_area_ha) &&
         (!filter.max_area_ha || alert.area_ha <= *filter.max_area_ha) &&
         (!filter.max_natural || !is_left_out(alert, *filter.max_natural)) &&
         (!filter.bbox || touches(outlined.outline, *filter.bbox));
}

std::vector<OutlinedAlert> selected(const std::vector<OutlinedAlert>& alerts, const AlertFilter& filter) {
  std::vector<OutlinedAlert> result;
  for (const OutlinedAlert& outlined : alerts) {
    if (passes(outlined, filter)) result.push_back(outlined);
  }
  if (filter.where.empty()) return result;
  std::vector<OutlinedAlert> fitting;
  try {
    for (const std::size_t i : alerts_where(result, filter.where)) fitting.push_back(std::move(result[i]));
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("--where: ") + error.what());
  }
  return fitting;
}

/// The one alert of that id, or whose id alone begins so.
const OutlinedAlert& find_alert(const std::vector<OutlinedAlert>& alerts, const std::string& id) {
  std::vector<const OutlinedAlert*> found;
  for (const OutlinedAlert& outlined : alerts) {
    if (outlined.alert.id == id) return outlined;
    if (!id.empty() && outlined.alert.id.compare(0, id.size(), id) == 0) found.push_back(&outlined);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty()) throw ConfigError("no alert '" + id + "'");
  std::string message = "'" + id + "' may be any of " + std::to_string(found.size()) + " alerts:";
  for (std::size_t i = 0; i < std::min(found.size(), candidates_named); ++i) message += " " + found[i]->alert.id;
  throw ConfigError(message + (found.size() > candidates_named ? " ..." : ""));
}

std::string hectares(double area_ha) { return fmt::format("{:.2f}", area_ha); }

std::string table_text(const std::vector<OutlinedAlert>& alerts) {
  TextTable table{{"id", "site", "status", "class", "natural", "area ha", "confidence", "first detected",
                   "last detected", "review"}};
  for (const OutlinedAlert& outlined : alerts) {
    const Alert& alert = outlined.alert;
    table.push_back({alert.id, alert.site.value_or("-"), std::string(name(alert.status)),
                     std::string(name(alert.change_class)),
                     alert.natural_probability ? fmt::format("{:.2f}", *alert.natural_probability) : "-",
                     hectares(alert.area_ha), fmt::format("{:.2f}", alert.confidence), format_day(alert.first_detected),
                     format_day(alert.last_detected), alert.review ? std::string(name(alert.review->verdict)) : "-"});
  }
  return aligned(table);
}

ordered_json json_of(const Alert& alert) {
  ordered_json object{{"id", alert.id}};
  object.update(ordered_json::parse(alert_properties_json(alert)));
  return object;
}

std::string text_of(const ordered_json& document) {
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json json_of(const RegisteredEvent& event) {
  const auto or_null = [](const auto& value, const auto& as_json) {
    return value ? ordered_json(as_json(*value)) : ordered_json();
  };
  return {{"revision", event.revision},
          {"at", format_instant(event.at)},
          {"event", name(event.kind)},
          {"status", or_null(event.status, [](AlertStatus status) { return name(status); })},
          {"class", name(event.change_class)},
          {"class_probability", or_null(event.class_probability, [](double value) { return value; })},
          {"natural_probability", or_null(event.natural_probability, [](double value) { return value; })},
          {"area_ha", event.area_ha},
          {"confidence", or_null(event.confidence, [](double value) { return value; })},
          {"recorded_at", or_null(event.recorded_at, format_instant)},
          {"geometry", event.outline.empty() ? ordered_json() : ordered_json::parse(outline_json(event.outline))}};
}

ordered_json json_of(const RegisteredReview& each) {
  return {{"alert_id", each.alert_id},
          {"verdict", name(each.review.verdict)},
          {"reviewer", each.review.reviewer},
          {"reviewed_at", format_instant(each.review.reviewed_at)},
          {"reason", each.review.reason},
          {"recorded_at", each.recorded_at ? ordered_json(format_instant(*each.recorded_at)) : ordered_json()},
          {"os_user", each.os_user.empty() ? ordered_json() : ordered_json(each.os_user)}};
}

/// One alert, and what is recorded of it.
struct Dossier {
  OutlinedAlert outlined;
  std::vector<RegisteredEvent> events;
  std::vector<RegisteredReview> reviews;
};

ordered_json json_of(const Dossier& dossier) {
  ordered_json object = json_of(dossier.outlined.alert);
  object["geometry"] = ordered_json::parse(outline_json(dossier.outlined.outline));
  object["history"] = ordered_json::array();
  for (const RegisteredEvent& event : dossier.events) object["history"].push_back(json_of(event));
  object["reviews"] = ordered_json::array();
  for (const RegisteredReview& review : dossier.reviews) object["reviews"].push_back(json_of(review));
  return object;
}

std::string history_text(const std::vector<RegisteredEvent>& events) {
  TextTable table;
  for (const RegisteredEvent& event : events) {
    table.push_back(
        {"  " + format_instant(event.at), std::string(name(event.kind)),
         event.status ? std::string(name(*event.status)) : "-", std::string(name(event.change_class)),
         event.natural_probability ? fmt::format("natural {:.2f}", *event.natural_probability) : "natural -",
         hectares(event.area_ha) + " ha",
         event.confidence ? fmt::format("confidence {:.2f}", *event.confidence) : "confidence -",
         "revision " + std::to_string(event.revision),
         event.recorded_at ? "recorded " + format_instant(*event.recorded_at) : "recorded -"});
  }
  return aligned(table);
}

std::string reviews_text(const std::vector<RegisteredReview>& reviews, const std::string& id) {
  TextTable table;
  for (const RegisteredReview& each : reviews) {
    std::string recorded = each.recorded_at ? "recorded " + format_instant(*each.recorded_at) : "recorded -";
    if (!each.os_user.empty()) recorded += " by " + each.os_user;
    table.push_back({"  " + format_instant(each.review.reviewed_at), std::string(name(each.review.verdict)),
                     each.review.reviewer, each.alert_id == id ? "" : "of " + each.alert_id, recorded,
                     each.review.reason});
  }
  return table.empty() ? "  none\n" : aligned(table);
}

std::string text_of(const Dossier& dossier) {
  const Alert& alert = dossier.outlined.alert;
  TextTable properties;
  for (const AlertColumn& column : alert_columns()) {
    const std::string text = cell_text(column.get(alert));
    properties.push_back({column.name, text.empty() ? "-" : text});
  }
  TextTable scenes;
  for (const std::string& scene : alert.scenes_before) scenes.push_back({"  before", scene});
  for (const std::string& scene : alert.scenes_after) scenes.push_back({"  after", scene});
  return aligned(properties) + "\nhistory\n" + history_text(dossier.events) + "\nscenes\n" + aligned(scenes) +
         "\nreviews\n" + reviews_text(dossier.reviews, alert.id);
}

/// "PW-b, PW-c stand for it": of an alert that is superseded.
std::string heirs_text(const Superseded& superseded) {
  if (superseded.by.empty()) return "none stands for it";
  std::string text;
  for (const std::string& id : superseded.by) text += (text.empty() ? "" : ", ") + id;
  return text + (superseded.by.size() == 1 ? " stands for it" : " stand for it");
}

std::vector<std::string> list_option(const po::variables_map& values, const char* option) {
  std::vector<std::string> items;
  if (values.count(option) == 0) return items;
  std::istringstream in(values[option].as<std::string>());
  for (std::string item; std::getline(in, item, ',');) items.push_back(item);
  if (items.empty()) throw ConfigError("--" + std::string(option) + ": is empty");
  return items;
}

/// A list of words of which each must be known.
template <typename Known>
std::vector<std::string> word_list(const po::variables_map& values, const char* option, const Known& known) {
  std::vector<std::string> items = list_option(values, option);
  for (const std::string& item : items) {
    if (std::find(known.begin(), known.end(), item) != known.end()) continue;
    std::string all;
    for (const auto& word : known) all += (all.empty() ? "" : ", ") + std::string(word);
    throw ConfigError("--" + std::string(option) + ": '" + item + "' is none of " + all);
  }
  return items;
}

std::optional<double> area_option(const po::variables_map& values, const char* option) {
  if (values.count(option) == 0) return std::nullopt;
  const double area_ha = values[option].as<double>();
  if (!(area_ha >= 0 && std::isfinite(area_ha))) throw ConfigError("--" + std::string(option) + ": must be 0 or more");
  return area_ha;
}

std::array<double, 4> parse_bbox(const po::variables_map& values) {
  std::array<double, 4> bbox{};
  const std::vector<std::string> numbers = list_option(values, "bbox");
  bool good = numbers.size() == bbox.size();
  for (std::size_t i = 0; good && i < bbox.size(); ++i) {
    std::size_t used = 0;
    try {
      bbox[i] = std::stod(numbers[i], &used);
    } catch (const std::exception&) {
      used = 0;
    }
    good = used == numbers[i].size() && used > 0 && std::isfinite(bbox[i]);
  }
  if (!good || bbox[0] > bbox[2] || bbox[1] > bbox[3]) {
    throw ConfigError("--bbox: must be WEST,SOUTH,EAST,NORTH in degrees");
  }
  return bbox;
}

bool is_geopackage(const std::string& path) {
  constexpr std::string_view signature = "SQLite format 3";
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return false;
  std::string head(signature.size(), '\0');
  std::ifstream in(path, std::ios::binary);
  return in.read(head.data(), static_cast<std::streamsize>(head.size())) && head == signature;
}

AlertSet register_as_of(const std::string& target, const RegisterContent& content, Instant at) {
  AlertsAsOf then = alerts_as_of(content.alerts, read_history(target), at);
  if (then.present_outlines > 0) {
    spdlog::warn("{} of {} alerts: their outline then is not recorded, the present one is given", then.present_outlines,
                 then.alerts.size());
  }
  return {std::move(then.alerts), true, at};
}

/// One side of a comparison.
struct Side {
  AlertSet set;
  std::optional<RegisterContent> content;  // of the register that it is of, as it is today
};

Side register_side(const std::string& target) {
  Side side;
  side.content = read_register(target);
  side.set = {side.content->alerts, true, std::nullopt};
  return side;
}

/// What a text names: a register, a folder with one or with alerts.geojson, a file of alerts, or, of the register
/// `target`, a date.
Side side_of(const std::string& text, const std::string& target) {
  if (is_database(text)) return register_side(text);
  if (fs::is_directory(text)) {
    const std::string path = (fs::path(text) / "register.gpkg").string();
    if (fs::exists(path)) return register_side(path);
    return {{read_alerts_geojson((fs::path(text) / "alerts.geojson").string()), false, std::nullopt}, std::nullopt};
  }
  if (fs::exists(text)) {
    if (is_geopackage(text)) return register_side(text);
    return {{read_alerts_geojson(text), false, std::nullopt}, std::nullopt};
  }
  Instant at{};
  try {
    at = last_instant(text);
  } catch (const DataError&) {
    throw ConfigError("diff: '" + text + "' is no file, no folder and no date");
  }
  if (target.empty()) throw ConfigError("diff: '" + text + "' is a date: of which register? --state or --register");
  Side side = register_side(target);
  side.set = register_as_of(target, *side.content, at);
  return side;
}

/// What the ending of a file's name says; empty where it is none of ours.
std::string format_of_name(const std::string& path) {
  std::string ending = fs::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending == ".json") return "geojson";
  const auto* const known = std::find_if(formats.begin(), formats.end(),
                                         [&](std::string_view format) { return ending == "." + std::string(format); });
  return known == formats.end() ? "" : std::string(*known);
}

class AlertsCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description what("Which register");
    what.add_options()                                                                                          //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the nightly run: its register.gpkg")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "a GeoPackage, or a database such as PG:dbname=...; goes before --state");
    po::options_description which("Which alerts (list, export); lists are separated by commas");
    which.add_options()                                                             //
        ("site", po::value<std::string>()->value_name("ID,..."), "of these sites")  //
        ("status", po::value<std::string>()->value_name("S,..."),
         "provisional, confirmed, closed, recovering, superseded, not_watched")  //
        ("all", po::bool_switch(),
         "superseded ones too, and of list those that are not_watched, which are shown with this or with --status "
         "alone")                                                                                          //
        ("class", po::value<std::string>()->value_name("C,..."), "vegetation_to_bare, bare_to_bare, ...")  //
        ("review", po::value<std::string>()->value_name("V,..."),
         "by newest verdict: confirmed_mining, licensed, natural, false; none: not reviewed")                 //
        ("from", po::value<std::string>()->value_name("DATE"), "last detected from here on")                  //
        ("to", po::value<std::string>()->value_name("DATE"), "last detected up to here, a day whole")         //
        ("min-area-ha", po::value<double>()->value_name("HA"), "of at least this area, hectares, 0 or more")  //
        ("max-area-ha", po::value<double>()->value_name("HA"), "of at most this area, hectares, 0 or more")   //
        ("max-natural", po::value<double>()->value_name("P"),
         "that are natural with at most this probability, 0..1, as those of run --max-natural P")          //
        ("bbox", po::value<std::string>()->value_name("W,S,E,N"), "whose bounds touch this box, degrees")  //
        ("where", po::value<std::string>()->value_name("FILTER"),
         "that fit a filter in OGR's SQL over the register's columns, e.g. \"confidence > 0.8 AND tile = 'T38TPK'\"");
    po::options_description how("How");
    how.add_options()  //
        ("action", po::value<std::string>()->value_name("ACTION"),
         "list, show, review, diff or export; also the first argument")  //
        ("id", po::value<std::string>()->value_name("ID|A"),
         "of the alert to show or review, or the beginning of an id that no other alert has; also the second argument. "
         "diff: what is compared")  //
        ("with", po::value<std::string>()->value_name("B"),
         "diff: with what; also the third argument. Both are a register (GeoPackage or PG:...), a folder of run or of "
         "rerun, an alerts.geojson, or a date of the register of --state or --register")  //
        ("as-of", po::value<std::string>()->value_name("DATE"),
         "list, show, export: alerts as they were at the last acquisition up to DATE, a day whole, as the newest "
         "revision of their history tells: outline, area, class, status, confidence, superseded or not; those detected "
         "later are left out. last_detected, last_observed and observations are then those of the newest event by that "
         "date, at least; reviews, scenes, change and parents are today's")  //
        ("json", po::bool_switch(), "list, show, diff: JSON, not a table")   //
        ("csv", po::bool_switch(), "list, diff: CSV, not a table")           //
        ("verdict", po::value<std::string>()->value_name("V"),
         "review: confirmed_mining, licensed, natural or false; exports have it at once, alerts.geojson from the next "
         "run on")                                                                                  //
        ("reviewer", po::value<std::string>()->value_name("NAME"), "review: who says so")           //
        ("reason", po::value<std::string>()->value_name("TEXT")->default_value(""), "review: why")  //
        ("at", po::value<std::string>()->value_name("TIME"),
         "review: when it was found, not in the future; default: now")  //
        ("format", po::value<std::string>()->value_name("F,...")->default_value("geojson"),
         "export: geojson (as alerts.geojson), gpkg (a register of these alerts), csv, kml; without it what the name "
         "of "
         "--out says")  //
        ("out,o", po::value<std::string>()->value_name("FILE|DIR/"),
         "export: a file, or a folder for alerts.FORMAT, made if missing; default: stdout, for one format but gpkg");
    po::options_description all("Options of alerts");
    add_signing_options(how);
    all.add(what).add(which).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {"action", "id", "with"}; }

  void setup(const po::variables_map& values) override {
    if (values.count("action") == 0) {
      throw ConfigError("list, show, review, diff or export? See pitwatch alerts --help");
    }
    action_ = values["action"].as<std::string>();
    if (std::find(actions.begin(), actions.end(), action_) == actions.end()) {
      throw ConfigError("no action '" + action_ + "': list, show, review, diff or export; see pitwatch alerts --help");
    }
    if (values.count("register") != 0) {
      target_ = values["register"].as<std::string>();
    } else if (values.count("state") != 0) {
      target_ = values["state"].as<std::string>() + "/register.gpkg";
    } else if (action_ != "diff") {
      throw ConfigError("--state DIR or --register TARGET is missing; see pitwatch alerts --help");
    }
    read_arguments(values);
    json_ = values["json"].as<bool>();
    csv_ = values["csv"].as<bool>();
    if (json_ && csv_) throw ConfigError("--json or --csv, not both");
    read_filter(values);
    if (action_ == "review") {
      read_review(values);
      signing_ = read_signing_options(values);
    }
    if (action_ == "review" || action_ == "export") find_state(values);
    if (action_ == "export") read_export(values);
  }

  int run() override {
    if (action_ == "review") return review();
    if (action_ == "diff") return diff();
    RegisterContent content = read_register(target_);
    if (as_of_) content.alerts = register_as_of(target_, content, *as_of_).alerts;
    if (action_ == "show") return show(content);
    const std::vector<OutlinedAlert> alerts = selected(content.alerts, filter_);
    if (action_ == "export") {
      export_all(alerts);
    } else if (csv_) {
      std::cout << alerts_csv(alerts);
    } else if (json_) {
      ordered_json list = ordered_json::array();
      for (const OutlinedAlert& outlined : alerts) list.push_back(json_of(outlined.alert));
      std::cout << text_of(list);
    } else {
      std::cout << table_text(alerts);
    }
    spdlog::info("{} of {} alerts", alerts.size(), content.alerts.size());
    return exit_done;
  }

 private:
  /// The state that the register is of, and that a review is put on record in. A database may be reached from where no
  /// state is.
  void find_state(const po::variables_map& values) {
    if (values.count("state") != 0) {
      state_ = values["state"].as<std::string>();
    } else if (!is_database(target_)) {
      state_ = fs::path(target_).parent_path().string();
      if (state_.empty()) state_ = ".";
    }
    if (state_.empty() || fs::exists(runs_folder(state_) + "/HEAD")) return;
    if (action_ == "review" && values.count("state") == 0) {
      throw ConfigError("review: --state DIR is missing: a review is put on record beside the runs");
    }
    if (action_ != "review") state_.clear();
  }

  void read_arguments(const po::variables_map& values) {
    const bool is_of_one = action_ == "show" || action_ == "review";
    if (values.count("id") != 0) id_ = values["id"].as<std::string>();
    if (values.count("with") != 0) with_ = values["with"].as<std::string>();
    if (action_ == "diff") {
      if (id_.empty() || with_.empty()) throw ConfigError("diff: takes two, A and B; see pitwatch alerts --help");
    } else if (is_of_one == id_.empty()) {
      throw ConfigError(action_ + (is_of_one ? ": ID is missing" : ": takes no ID"));
    } else if (!with_.empty()) {
      throw ConfigError(action_ + ": '" + with_ + "' is one argument too many");
    }
    if (values.count("as-of") == 0) return;
    if (action_ == "review" || action_ == "diff") throw ConfigError(action_ + ": takes no --as-of");
    as_of_ = parse_period_end(values, "as-of");
  }

  void read_filter(const po::variables_map& values) {
    std::vector<std::string_view> classes;
    for (const ChangeClassName& entry : change_class_names) classes.push_back(entry.name);
    std::vector<std::string_view> reviews(verdict_names.begin(), verdict_names.end());
    reviews.push_back("none");
    filter_.sites = list_option(values, "site");
    filter_.statuses = word_list(values, "status", alert_status_names);
    filter_.classes = word_list(values, "class", classes);
    filter_.reviews = word_list(values, "review", reviews);
    filter_.from = parse_period_begin(values);
    filter_.to = parse_period_end(values);
    if (filter_.from && filter_.to && *filter_.from > *filter_.to) throw ConfigError("--from is later than --to");
    filter_.min_area_ha = area_option(values, "min-area-ha");
    filter_.max_area_ha = area_option(values, "max-area-ha");
    if (values.count("max-natural") != 0) {
      filter_.max_natural = values["max-natural"].as<double>();
      if (!(*filter_.max_natural >= 0 && *filter_.max_natural <= 1)) throw ConfigError("--max-natural must be 0 to 1");
    }
    if (values.count("bbox") != 0) filter_.bbox = parse_bbox(values);
    if (filter_.statuses.empty() && !values["all"].as<bool>()) {
      filter_.hidden = {AlertStatus::superseded};  // as alerts.geojson
      if (action_ == "list") filter_.hidden.push_back(AlertStatus::not_watched);
    }
    if (values.count("where") != 0) filter_.where = values["where"].as<std::string>();
  }

  void read_review(const po::variables_map& values) {
    const std::vector<std::string> verdicts = word_list(values, "verdict", verdict_names);
    if (verdicts.size() != 1) throw ConfigError("review: --verdict V is missing, or is several");
    if (values.count("reviewer") == 0) throw ConfigError("review: --reviewer NAME is missing");
    review_.verdict = verdict(verdicts.front());
    review_.reviewer = values["reviewer"].as<std::string>();
    review_.reason = values["reason"].as<std::string>();
    review_.reviewed_at = values.count("at") != 0
                              ? parse_instant_option(values, "at")
                              : std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  void read_export(const po::variables_map& values) {
    formats_ = word_list(values, "format", formats);
    if (values.count("out") != 0) out_ = values["out"].as<std::string>();
    const bool is_folder = !out_.empty() && (out_.back() == '/' || fs::is_directory(out_));
    if (const std::string by_name = is_folder ? "" : format_of_name(out_); !by_name.empty()) {
      if (values["format"].defaulted()) formats_ = {by_name};
      if (formats_.size() == 1 && formats_.front() != by_name) {
        throw ConfigError("export: --out " + out_ + " has the name of another format than --format: " + by_name);
      }
    }
    if (as_of_ && std::find(formats_.begin(), formats_.end(), "gpkg") != formats_.end()) {
      throw ConfigError("export: gpkg holds the whole history; it takes no --as-of");
    }
    if (out_.empty() && (formats_.size() > 1 || formats_.front() == "gpkg")) {
      throw ConfigError("export: --out is missing: stdout takes one format, and not gpkg");
    }
    out_is_folder_ = is_folder;
    if (formats_.size() > 1 && !out_is_folder_) {
      throw ConfigError("export: --out must be a folder (" + out_ + "/) for several formats");
    }
  }

  int review() {
    const RegisterContent content = read_register(target_);
    const Alert& alert = find_alert(content.alerts, id_).alert;
    if (alert.superseded) {
      spdlog::warn("{} is superseded ({}): {}", alert.id, name(alert.superseded->why), heirs_text(*alert.superseded));
    }
    if (!state_.empty()) {
      record_review(state_, target_, alert.id, review_, signing_);
    } else {
      prepare_review(target_, alert.id, review_)->commit();
    }
    spdlog::info("{}: {}, by {}", alert.id, name(review_.verdict), review_.reviewer);
    return exit_done;
  }

  /// Of the state that the register is of, where that is known.
  std::optional<Instant> newest_acquisition() const {
    if (state_.empty()) return std::nullopt;
    const std::optional<Manifest> record = head(state_);
    return record ? as_of(record->sites) : std::nullopt;
  }

  int diff() const {
    const Side first = side_of(id_, target_);
    const Side second = side_of(with_, target_);
    std::optional<RegisterContent> of_state;
    const RegisterContent* record = second.content ? &*second.content : first.content ? &*first.content : nullptr;
    if (record == nullptr && !target_.empty()) record = &of_state.emplace(read_register(target_));
    const std::vector<AlertChange> changes = alert_changes(first.set, second.set, record);
    std::cout << (json_ ? changes_json(changes) : csv_ ? changes_csv(changes) : changes_text(changes));
    spdlog::info("{} changes between {} and {} alerts", changes.size(), first.set.alerts.size(),
                 second.set.alerts.size());
    return exit_done;
  }

  int show(const RegisterContent& content) const {
    Dossier dossier{find_alert(content.alerts, id_), {}, {}};
    const Alert& alert = dossier.outlined.alert;
    dossier.events = read_history(target_, alert.id);
    if (as_of_) std::erase_if(dossier.events, [&](const RegisteredEvent& event) { return event.at > *as_of_; });
    for (const RegisteredReview& each : content.reviews) {
      Review by_overlap = each.review;
      by_overlap.by_overlap = true;
      if (each.alert_id == alert.id || alert.review == by_overlap) dossier.reviews.push_back(each);
    }
    std::cout << (json_ ? text_of(json_of(dossier)) : text_of(dossier));
    return exit_done;
  }

  void export_all(const std::vector<OutlinedAlert>& alerts) const {
    if (out_is_folder_) {
      std::error_code error;
      fs::create_directories(out_, error);
      if (error) throw ConfigError("--out " + out_ + ": cannot be made: " + error.message());
    }
    for (const std::string& format : formats_) {
      const std::string bytes = exported(format, alerts);
      if (out_.empty()) {
        std::cout << bytes;
      } else {
        write_file_atomically(out_is_folder_ ? (fs::path(out_) / ("alerts." + format)).string() : out_, bytes);
      }
    }
  }

  std::string exported(const std::string& format, const std::vector<OutlinedAlert>& alerts) const {
    if (format == "csv") return alerts_csv(alerts);
    if (format == "kml") return alerts_kml(alerts);
    if (format == "geojson") return alerts_geojson(alerts, {"alerts", {}, {}, as_of_ ? as_of_ : newest_acquisition()});
    return register_geopackage(target_, alerts);
  }

  std::string action_;
  std::string target_;
  std::string state_;
  SigningOptions signing_;
  std::string id_;
  std::string with_;
  std::optional<Instant> as_of_;
  bool json_ = false;
  bool csv_ = false;
  AlertFilter filter_;
  Review review_;
  std::vector<std::string> formats_;
  std::string out_;
  bool out_is_folder_ = false;
};

}  // namespace

const CommandEntry alerts_entry{
    "alerts", "alerts list | show ID | review ID | diff A B | export  --state DIR | --register TARGET [options]",
    "the register: lists alerts, shows one, records a verdict, compares, exports",
    []() -> std::unique_ptr<Command> { return std::make_unique<AlertsCommand>(); }};

}  // namespace pitwatch::tools
