#include "tools/alert_filter.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/alerts/alert_exports.hpp"
#include "tools/common_options.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr std::size_t candidates_named = 8;

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

bool has_licence(const Alert& alert, const AlertFilter& filter) {
  const std::optional<LicenceFacts>& licence = alert.context.licence;
  if (!is_among(filter.licence_verdicts, licence ? name(licence->verdict) : "none")) return false;
  if (filter.licences.empty() && filter.holder.empty()) return true;
  if (!licence) return false;
  const auto holds_any = [&](const std::string& id) {
    return std::find(licence->ids.begin(), licence->ids.end(), id) != licence->ids.end();
  };
  const bool has_id = filter.licences.empty() || std::any_of(filter.licences.begin(), filter.licences.end(), holds_any);
  return has_id && (filter.holder.empty() || std::find(licence->holders.begin(), licence->holders.end(),
                                                       filter.holder) != licence->holders.end());
}

bool is_within(Instant when, const std::optional<Instant>& from, const std::optional<Instant>& to) {
  return (!from || when >= *from) && (!to || when <= *to);
}

bool passes(const OutlinedAlert& outlined, const AlertFilter& filter) {
  const Alert& alert = outlined.alert;
  const bool is_hidden = std::find(filter.hidden.begin(), filter.hidden.end(), alert.status) != filter.hidden.end();
  return !is_hidden && is_among(filter.sites, alert.site.value_or("")) &&
         is_among(filter.statuses, name(alert.status)) && is_among(filter.classes, name(alert.change_class)) &&
         is_among(filter.reviews, alert.review ? name(alert.review->verdict) : "none") && has_licence(alert, filter) &&
         is_within(alert.last_detected, filter.from, filter.to) &&
         is_within(alert.first_detected, filter.detected_from, filter.detected_to) &&
         (!filter.min_area_ha || alert.area_ha >= *filter.min_area_ha) &&
         (!filter.max_area_ha || alert.area_ha <= *filter.max_area_ha) &&
         (!filter.max_natural || !is_left_out(alert, *filter.max_natural)) &&
         (!filter.bbox || touches(outlined.outline, *filter.bbox));
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

}  // namespace

po::options_description filter_options() {
  po::options_description which("Which alerts; lists are separated by commas");
  which.add_options()                                                             //
      ("site", po::value<std::string>()->value_name("ID,..."), "of these sites")  //
      ("status", po::value<std::string>()->value_name("S,..."),
       "provisional, confirmed, closed, recovering, superseded, not_watched")  //
      ("all", po::bool_switch(),
       "superseded ones too, and of list those that are not_watched")                                    //
      ("class", po::value<std::string>()->value_name("C,..."), "vegetation_to_bare, bare_to_bare, ...")  //
      ("review", po::value<std::string>()->value_name("V,..."),
       "by newest verdict: confirmed_mining, licensed, natural, false; none: not reviewed")                //
      ("licence", po::value<std::string>()->value_name("ID,..."), "with ground in one of these licences")  //
      ("holder", po::value<std::string>()->value_name("NAME"), "with ground in a licence of this holder")  //
      ("licence-verdict", po::value<std::string>()->value_name("V,..."),
       "inside, outside, straddles, cannot_tell: against all licences as one; none: not worked out")           //
      ("from", po::value<std::string>()->value_name("DATE"), "last detected from here on")                     //
      ("to", po::value<std::string>()->value_name("DATE"), "last detected up to here, a day whole")            //
      ("detected-from", po::value<std::string>()->value_name("DATE"), "first detected from here on")           //
      ("detected-to", po::value<std::string>()->value_name("DATE"), "first detected up to here, a day whole")  //
      ("min-area-ha", po::value<double>()->value_name("HA"), "of at least this area, hectares, 0 or more")     //
      ("max-area-ha", po::value<double>()->value_name("HA"), "of at most this area, hectares, 0 or more")      //
      ("max-natural", po::value<double>()->value_name("P"),
       "that are natural with at most this probability, 0..1, as those of run --max-natural P")          //
      ("bbox", po::value<std::string>()->value_name("W,S,E,N"), "whose bounds touch this box, degrees")  //
      ("where", po::value<std::string>()->value_name("FILTER"),
       "that fit a filter in SQLite's SQL over the register's columns, e.g. \"confidence > 0.8 AND confirmed_on >= "
       "'2023-01-31'\"");
  return which;
}

AlertFilter read_filter(const po::variables_map& values, std::vector<AlertStatus> hidden) {
  std::vector<std::string_view> classes;
  for (const ChangeClassName& entry : change_class_names) classes.push_back(entry.name);
  std::vector<std::string_view> reviews(verdict_names.begin(), verdict_names.end());
  reviews.push_back("none");
  AlertFilter filter;
  filter.sites = list_option(values, "site");
  filter.statuses = word_list(values, "status", alert_status_names);
  filter.classes = word_list(values, "class", classes);
  filter.reviews = word_list(values, "review", reviews);
  std::vector<std::string_view> licence_verdicts(boundary_verdict_names.begin(), boundary_verdict_names.end());
  licence_verdicts.push_back("none");
  filter.licences = list_option(values, "licence");
  if (values.count("holder") != 0) filter.holder = values["holder"].as<std::string>();
  filter.licence_verdicts = word_list(values, "licence-verdict", licence_verdicts);
  filter.from = parse_period_begin(values);
  filter.to = parse_period_end(values);
  check_period(filter.from, filter.to);
  filter.detected_from = parse_period_begin(values, "detected-from");
  filter.detected_to = parse_period_end(values, "detected-to");
  check_period(filter.detected_from, filter.detected_to);
  filter.min_area_ha = area_option(values, "min-area-ha");
  filter.max_area_ha = area_option(values, "max-area-ha");
  if (values.count("max-natural") != 0) {
    filter.max_natural = values["max-natural"].as<double>();
    if (!(*filter.max_natural >= 0 && *filter.max_natural <= 1)) throw ConfigError("--max-natural must be 0 to 1");
  }
  if (values.count("bbox") != 0) filter.bbox = parse_bbox(values);
  if (filter.statuses.empty() && !values["all"].as<bool>()) filter.hidden = std::move(hidden);
  if (values.count("where") != 0) filter.where = values["where"].as<std::string>();
  return filter;
}

void warn_of_unknown(const std::vector<OutlinedAlert>& alerts, const AlertFilter& filter) {
  const auto none = [&](const auto& has_it) { return std::none_of(alerts.begin(), alerts.end(), has_it); };
  for (const std::string& site : filter.sites) {
    const auto is_of_site = [&](const OutlinedAlert& one) { return one.alert.site.value_or("") == site; };
    if (none(is_of_site)) spdlog::warn("--site: no alert on record is of a site '{}'", site);
  }
  for (const std::string& licence : filter.licences) {
    const auto has_licence = [&](const OutlinedAlert& one) {
      const std::optional<LicenceFacts>& facts = one.alert.context.licence;
      return facts && std::find(facts->ids.begin(), facts->ids.end(), licence) != facts->ids.end();
    };
    if (none(has_licence)) spdlog::warn("--licence: no alert on record has ground in a licence '{}'", licence);
  }
  const auto has_holder = [&](const OutlinedAlert& one) {
    const std::optional<LicenceFacts>& facts = one.alert.context.licence;
    return facts && std::find(facts->holders.begin(), facts->holders.end(), filter.holder) != facts->holders.end();
  };
  if (!filter.holder.empty() && none(has_holder)) {
    spdlog::warn("--holder: no alert on record has ground in a licence of '{}'", filter.holder);
  }
  const bool hides =
      std::find(filter.hidden.begin(), filter.hidden.end(), AlertStatus::not_watched) != filter.hidden.end();
  const auto unwatched = std::count_if(alerts.begin(), alerts.end(), [&](const OutlinedAlert& one) {
    return one.alert.status == AlertStatus::not_watched && is_among(filter.sites, one.alert.site.value_or(""));
  });
  if (hides && unwatched > 0) {
    spdlog::warn("{} alerts of sites that are not watched any more are left out: --all has them", unwatched);
  }
}

void warn_of_facts_left_out(std::size_t alerts, const AlertFilter& filter) {
  const std::string where = lower_ascii(filter.where);
  const auto columns = context_columns();
  const bool asks = !filter.licences.empty() || !filter.holder.empty() || !filter.licence_verdicts.empty() ||
                    std::any_of(columns.begin(), columns.end(), [&](const AlertColumn& column) {
                      return where.find(column.name) != std::string::npos;
                    });
  if (alerts == 0 || !asks) return;
  spdlog::warn(
      "{} {} had another outline then, or another newest observation: what layers say is of today's and left "
      "out, so that filters by it pass over them",
      alerts, alerts == 1 ? "alert" : "alerts");
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

}  // namespace pitwatch::tools
