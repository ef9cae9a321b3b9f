#include "tools/command_alerts.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alert_columns.hpp"
#include "pipeline/io/alert_exports.hpp"
#include "pipeline/io/alerts_geojson.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/register.hpp"
#include "tools/common_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

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
  std::optional<std::array<double, 4>> bbox;  // west, south, east, north
  std::string where;
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
  return is_among(filter.sites, alert.site.value_or("")) && is_among(filter.statuses, name(alert.status)) &&
         is_among(filter.classes, name(alert.change_class)) &&
         is_among(filter.reviews, alert.review ? name(alert.review->verdict) : "none") &&
         (!filter.from || alert.last_detected >= *filter.from) && (!filter.to || alert.last_detected <= *filter.to) &&
         (!filter.min_area_ha || alert.area_ha >= *filter.min_area_ha) &&
         (!filter.max_area_ha || alert.area_ha <= *filter.max_area_ha) &&
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
  TextTable table{
      {"id", "site", "status", "class", "area ha", "confidence", "first detected", "last detected", "review"}};
  for (const OutlinedAlert& outlined : alerts) {
    const Alert& alert = outlined.alert;
    table.push_back({alert.id, alert.site.value_or("-"), std::string(name(alert.status)),
                     std::string(name(alert.change_class)), hectares(alert.area_ha),
                     fmt::format("{:.2f}", alert.confidence), format_day(alert.first_detected),
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

ordered_json json_of(const OutlinedAlert& outlined, const std::vector<RegisteredReview>& reviews) {
  ordered_json object = json_of(outlined.alert);
  object["geometry"] = ordered_json::parse(outline_json(outlined.outline));
  object["history"] = ordered_json::array();
  for (const AlertEvent& event : outlined.alert.history) {
    object["history"].push_back({{"at", format_instant(event.at)},
                                 {"event", name(event.kind)},
                                 {"area_ha", event.area_ha},
                                 {"class", name(event.change_class)}});
  }
  object["reviews"] = ordered_json::array();
  for (const RegisteredReview& each : reviews) {
    object["reviews"].push_back({{"alert_id", each.alert_id},
                                 {"verdict", name(each.review.verdict)},
                                 {"reviewer", each.review.reviewer},
                                 {"reviewed_at", format_instant(each.review.reviewed_at)},
                                 {"reason", each.review.reason}});
  }
  return object;
}

std::string show_text(const OutlinedAlert& outlined, const std::vector<RegisteredReview>& reviews) {
  const Alert& alert = outlined.alert;
  TextTable properties;
  for (const AlertColumn& column : alert_columns()) {
    const std::string text = cell_text(column.get(alert));
    properties.push_back({column.name, text.empty() ? "-" : text});
  }
  std::string text = aligned(properties) + "\nhistory\n";
  TextTable history;
  for (const AlertEvent& event : alert.history) {
    history.push_back({"  " + format_instant(event.at), std::string(name(event.kind)), hectares(event.area_ha) + " ha",
                       std::string(name(event.change_class))});
  }
  text += aligned(history) + "\nscenes\n";
  TextTable scenes;
  for (const std::string& scene : alert.scenes_before) scenes.push_back({"  before", scene});
  for (const std::string& scene : alert.scenes_after) scenes.push_back({"  after", scene});
  text += aligned(scenes) + "\nreviews\n";
  TextTable table;
  for (const RegisteredReview& each : reviews) {
    table.push_back({"  " + format_instant(each.review.reviewed_at), std::string(name(each.review.verdict)),
                     each.review.reviewer, each.alert_id == alert.id ? "" : "of " + each.alert_id, each.review.reason});
  }
  return text + (table.empty() ? "  none\n" : aligned(table));
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

class AlertsCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description what("Which register");
    what.add_options()                                                                                          //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the nightly run: its register.gpkg")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "a GeoPackage, or a database such as PG:dbname=...; goes before --state");
    po::options_description which("Which alerts (list, export); lists are separated by commas");
    which.add_options()                                                                                          //
        ("site", po::value<std::string>()->value_name("ID,..."), "of these sites")                               //
        ("status", po::value<std::string>()->value_name("S,..."), "provisional, confirmed, closed, recovering")  //
        ("class", po::value<std::string>()->value_name("C,..."), "vegetation_to_bare, bare_to_bare, ...")        //
        ("review", po::value<std::string>()->value_name("V,..."),
         "by newest verdict: confirmed_mining, licensed, natural, false; none: not reviewed")                 //
        ("from", po::value<std::string>()->value_name("DATE"), "last detected from here on")                  //
        ("to", po::value<std::string>()->value_name("DATE"), "last detected up to here, a day whole")         //
        ("min-area-ha", po::value<double>()->value_name("HA"), "of at least this area, hectares, 0 or more")  //
        ("max-area-ha", po::value<double>()->value_name("HA"), "of at most this area, hectares, 0 or more")   //
        ("bbox", po::value<std::string>()->value_name("W,S,E,N"), "whose bounds touch this box, degrees")     //
        ("where", po::value<std::string>()->value_name("FILTER"),
         "that fit a filter in OGR's SQL over the register's columns, e.g. \"confidence > 0.8 AND tile = 'T38TPK'\"");
    po::options_description how("How");
    how.add_options()  //
        ("action", po::value<std::string>()->value_name("ACTION"),
         "list, show, review or export; also the first argument")  //
        ("id", po::value<std::string>()->value_name("ID"),
         "of the alert to show or review, or the beginning of an id that no other alert has; also the second argument")
        //
        ("json", po::bool_switch(), "list, show: JSON, not a table")  //
        ("csv", po::bool_switch(), "list: CSV, not a table")          //
        ("verdict", po::value<std::string>()->value_name("V"),
         "review: confirmed_mining, licensed, natural or false; exports have it at once, alerts.geojson from the next "
         "run on")                                                                                       //
        ("reviewer", po::value<std::string>()->value_name("NAME"), "review: who says so")                //
        ("reason", po::value<std::string>()->value_name("TEXT")->default_value(""), "review: why")       //
        ("at", po::value<std::string>()->value_name("TIME"), "review: when it was found; default: now")  //
        ("format", po::value<std::string>()->value_name("F,...")->default_value("geojson"),
         "export: geojson (as alerts.geojson), gpkg (a register of these alerts), csv, kml")  //
        ("out,o", po::value<std::string>()->value_name("FILE|DIR/"),
         "export: a file, or a folder for alerts.FORMAT, made if missing; default: stdout, for one format but gpkg");
    po::options_description all("Options of alerts");
    all.add(what).add(which).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {"action", "id"}; }

  void setup(const po::variables_map& values) override {
    if (values.count("action") == 0) throw ConfigError("list, show, review or export? See pitwatch alerts --help");
    action_ = values["action"].as<std::string>();
    if (action_ != "list" && action_ != "show" && action_ != "review" && action_ != "export") {
      throw ConfigError("no action '" + action_ + "': list, show, review or export; see pitwatch alerts --help");
    }
    if (values.count("register") != 0) {
      target_ = values["register"].as<std::string>();
    } else if (values.count("state") != 0) {
      target_ = values["state"].as<std::string>() + "/register.gpkg";
    } else {
      throw ConfigError("--state DIR or --register TARGET is missing; see pitwatch alerts --help");
    }
    const bool is_of_one = action_ == "show" || action_ == "review";
    if (values.count("id") != 0) id_ = values["id"].as<std::string>();
    if (is_of_one == id_.empty()) throw ConfigError(action_ + (is_of_one ? ": ID is missing" : ": takes no ID"));
    json_ = values["json"].as<bool>();
    csv_ = values["csv"].as<bool>();
    if (json_ && csv_) throw ConfigError("--json or --csv, not both");
    read_filter(values);
    if (action_ == "review") read_review(values);
    if (action_ == "export") read_export(values);
  }

  int run() override {
    if (action_ == "review") return review();
    const AlertRegister content = read_register(target_);
    if (action_ == "show") return show(content);
    const std::vector<OutlinedAlert> alerts = selected(content.alerts, filter_);
    if (action_ == "export") {
      export_all(content, alerts);
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
  void read_filter(const po::variables_map& values) {
    std::vector<std::string_view> classes;
    for (const ChangeClassName& entry : change_class_names) classes.push_back(entry.name);
    std::vector<std::string_view> reviews(verdict_names.begin(), verdict_names.end());
    reviews.push_back("none");
    filter_.sites = list_option(values, "site");
    filter_.statuses = word_list(values, "status", alert_status_names);
    filter_.classes = word_list(values, "class", classes);
    filter_.reviews = word_list(values, "review", reviews);
    if (values.count("from") != 0) filter_.from = parse_instant_option(values, "from");
    if (values.count("to") != 0) {
      constexpr std::size_t length_of_day = 10;  // "2022-01-25"
      filter_.to = parse_instant_option(values, "to");
      if (values["to"].as<std::string>().size() == length_of_day) {
        *filter_.to += std::chrono::hours(24) - Instant::duration(1);
      }
    }
    if (filter_.from && filter_.to && *filter_.from > *filter_.to) throw ConfigError("--from is later than --to");
    filter_.min_area_ha = area_option(values, "min-area-ha");
    filter_.max_area_ha = area_option(values, "max-area-ha");
    if (values.count("bbox") != 0) filter_.bbox = parse_bbox(values);
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
    if (out_.empty() && (formats_.size() > 1 || formats_.front() == "gpkg")) {
      throw ConfigError("export: --out is missing: stdout takes one format, and not gpkg");
    }
    out_is_folder_ = !out_.empty() && (out_.back() == '/' || fs::is_directory(out_));
    if (formats_.size() > 1 && !out_is_folder_) {
      throw ConfigError("export: --out must be a folder (" + out_ + "/) for several formats");
    }
  }

  int review() {
    const std::string id = find_alert(read_register(target_).alerts, id_).alert.id;
    add_review(target_, id, review_);
    spdlog::info("{}: {}, by {}", id, name(review_.verdict), printable(review_.reviewer));
    return exit_done;
  }

  int show(const AlertRegister& content) const {
    const OutlinedAlert& outlined = find_alert(content.alerts, id_);
    std::vector<RegisteredReview> reviews;
    for (const RegisteredReview& each : content.reviews) {
      const std::optional<Review>& newest = outlined.alert.review;
      Review by_overlap = each.review;
      by_overlap.by_overlap = true;
      if (each.alert_id == outlined.alert.id || newest == by_overlap) reviews.push_back(each);
    }
    std::cout << (json_ ? text_of(json_of(outlined, reviews)) : show_text(outlined, reviews));
    return exit_done;
  }

  void export_all(const AlertRegister& content, const std::vector<OutlinedAlert>& alerts) const {
    if (out_is_folder_) {
      std::error_code error;
      fs::create_directories(out_, error);
      if (error) throw ConfigError("--out " + out_ + ": cannot be made: " + error.message());
    }
    for (const std::string& format : formats_) {
      const std::string bytes = exported(format, content, alerts);
      if (out_.empty()) {
        std::cout << bytes;
      } else {
        write_file_atomically(out_is_folder_ ? (fs::path(out_) / ("alerts." + format)).string() : out_, bytes);
      }
    }
  }

  static std::string exported(const std::string& format, const AlertRegister& content,
                              const std::vector<OutlinedAlert>& alerts) {
    if (format == "csv") return alerts_csv(alerts);
    if (format == "kml") return alerts_kml(alerts);
    if (format == "geojson") return alerts_geojson(alerts, {"alerts", {}, {}});
    AlertRegister part{alerts, {}};
    for (const RegisteredReview& each : content.reviews) {
      const auto is_of = [&](const OutlinedAlert& outlined) { return outlined.alert.id == each.alert_id; };
      if (std::any_of(alerts.begin(), alerts.end(), is_of)) part.reviews.push_back(each);
    }
    return register_geopackage(part);
  }

  std::string action_;
  std::string target_;
  std::string id_;
  bool json_ = false;
  bool csv_ = false;
  AlertFilter filter_;
  Review review_;
  std::vector<std::string> formats_;
  std::string out_;
  bool out_is_folder_ = false;
};

}  // namespace

const CommandEntry alerts_entry{"alerts",
                                "alerts list | show ID | review ID | export  --state DIR | --register TARGET [options]",
                                "the register: lists alerts, shows one, records a verdict, exports",
                                []() -> std::unique_ptr<Command> { return std::make_unique<AlertsCommand>(); }};

}  // namespace pitwatch::tools
