#include "pipeline/account/account.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "pipeline/account/ground_course.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch {
namespace {

constexpr int neighbour_px = 3;  // 30 m
constexpr double m2_per_ha = 1e4;

std::string counted_text(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// All pixels that an object ever had, ascending.
std::vector<PixelKey> ground_of(const LedgerObject& object) {
  std::vector<PixelKey> keys;
  for (const auto& course : object.members) {
    for (const HeldGround& ground : course) keys.insert(keys.end(), ground.pixels.begin(), ground.pixels.end());
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

double area_of(const std::vector<PixelKey>& keys, const std::vector<PixelArea>& pixels) {
  double area = 0;
  auto from = pixels.begin();
  for (const PixelKey key : keys) {
    from = std::lower_bound(from, pixels.end(), key, [](const PixelArea& a, PixelKey k) { return a.key < k; });
    if (from != pixels.end() && from->key == key) area += from->area_m2;
  }
  return area;
}

std::vector<AccountObject> inventory_of(CountedSite& site) {
  std::vector<std::vector<PixelKey>> grounds;
  for (const LedgerObject& object : site.ledger) grounds.push_back(ground_of(object));
  std::vector<AccountObject> objects;
  for (std::size_t i = 0; i < site.objects.size(); ++i) {
    AccountObject& object = objects.emplace_back();
    object.shape = shape_of(grounds[i]);
    object.disturbed_m2 = std::llround(area_of(grounds[i], site.pixels));
    bool by_new_water = false;
    for (std::size_t j = 0; j < grounds.size() && !by_new_water; ++j) {
      by_new_water = j != i && site.ledger[j].change_class == ChangeClass::to_water &&
                     are_within(grounds[i], grounds[j], neighbour_px);
    }
    object.kind = kind_of(site.ledger[i].change_class, object.shape, by_new_water);
    object.counted = std::move(site.objects[i]);
  }
  return objects;
}

/// The ground that an object had last.
std::vector<PixelKey> last_ground(const LedgerObject& object) {
  const HeldGround* last = nullptr;
  for (const auto& course : object.members) {
    for (const HeldGround& ground : course) {
      if (!ground.pixels.empty() && (last == nullptr || ground.at >= last->at)) last = &ground;
    }
  }
  return last != nullptr ? last->pixels : std::vector<PixelKey>{};
}

std::vector<CourseGround> course_grounds(const CountedSite& site) {
  std::vector<CourseGround> grounds;
  for (std::size_t i = 0; i < site.ledger.size(); ++i) {
    std::vector<PixelKey> pixels = last_ground(site.ledger[i]);
    if (pixels.empty()) continue;
    const auto zone = static_cast<std::size_t>(place_of(pixels.front()).zone);
    grounds.push_back(
        {site.ledger[i].id, site.objects[i].alert.alert.onset_before, site.zones[zone], std::move(pixels)});
  }
  return grounds;
}

void add_remediation(const AccountOptions& options, const std::map<std::string, std::vector<CourseGround>>& grounds,
                     const ProgressSink& progress, Account& account) {
  WatchOptions replay = *options.replay;
  replay.until = options.to;
  const GroundCourses courses = ground_courses(grounds, replay, progress);
  account.skipped = courses.skipped;
  account.remarks.insert(account.remarks.end(), courses.remarks.begin(), courses.remarks.end());
  for (AccountSite& site : account.sites) {
    const auto of_site = courses.of_site.find(site.site);
    if (of_site == courses.of_site.end()) continue;
    for (AccountObject& object : site.objects) {
      const auto found = of_site->second.find(object.counted.alert.alert.id);
      if (found == of_site->second.end()) continue;
      const GroundCourse& course = found->second;
      object.remediation = remediation_of(course.seen, course.bare_ndvi, course.was_water, course.was_bare_before);
    }
  }
}

/// The newest acquisition that the alerts of a site tell of.
std::optional<Instant> newest_of(const CountedSite& site, std::optional<Instant> to) {
  std::optional<Instant> newest;
  const auto include = [&](const OutlinedAlert& outlined) {
    const Instant last = to ? std::min(*to, outlined.alert.last_observed) : outlined.alert.last_observed;
    newest = newest ? std::max(*newest, last) : last;
  };
  for (const CountedObject& object : site.objects) include(object.alert);
  for (const LeftOutAlert& alert : site.left_out) include(alert.alert);
  return newest;
}

void choose_rows(const AccountOptions& options, const CountedSite& counted, AccountSite& site) {
  if (options.dates == AccountDates::months && !site.rows.empty()) {
    const Instant until = std::max(site.rows.back().at, newest_of(counted, options.to).value_or(site.rows.back().at));
    site.rows = rows_at(site.rows, month_ends(site.rows, until));
  }
  if (!options.from) return;
  // What was there when the period began is its first row.
  const Instant first[] = {*options.from};
  std::vector<LedgerRow> rows = rows_at(site.rows, first);
  for (LedgerRow& row : site.rows) {
    if (row.at > *options.from) rows.push_back(row);
  }
  site.rows = std::move(rows);
}

void check_samples(const std::vector<ReferenceSample>& samples, const std::string& path, const Account& account) {
  for (const ReferenceSample& sample : samples) {
    if (sample.site.empty()) {
      if (account.sites.size() > 1) {
        throw DataError(path + ": its points name no site, and the account has " +
                        counted_text(account.sites.size(), "site"));
      }
      continue;
    }
    const bool is_known = std::any_of(account.sites.begin(), account.sites.end(),
                                      [&](const AccountSite& site) { return site.site == sample.site; });
    if (!is_known) throw DataError(path + ": the account has no site '" + printable(sample.site.substr(0, 40)) + "'");
  }
}

/// Whether the strata of a sample can be those of this map. A sample of an older map may well have less ground in them;
/// of more than ten times as much, or a tenth, it is of another, and what it says of errors does not hold here.
void check_strata(const ReferenceSample& sample, const std::string& path, const AccountSite& site,
                  std::vector<std::string>& remarks) {
  constexpr double remarkable = 2;
  constexpr double too_much = 10;
  Instant newest = Instant::min();
  for (const LedgerRow& row : site.rows) newest = std::max(newest, row.at);
  const auto compare = [&](const std::string& what, double stratum_ha, std::int64_t mapped_m2) {
    const double mapped_ha = static_cast<double>(mapped_m2) / m2_per_ha;
    const double ratio = std::max(stratum_ha / mapped_ha, mapped_ha / stratum_ha);
    if (mapped_m2 > 0 && ratio <= remarkable) return;
    const std::string text = path + ": " + what + " has " + shortest_text(stratum_ha) +
                             " ha, and the account of site '" + printable(site.site) + "' maps " +
                             fixed_text(mapped_ha, 4) + " ha of it";
    if (mapped_m2 > 0 && ratio > too_much) throw DataError(text + ": the sample is of another map");
    remarks.push_back(text + ": is the sample of this map?");
  };
  for (const LedgerRow& row : site.rows) {
    if (row.at != newest) continue;
    if (!row.change_class) {
      compare("all that is disturbed", sample.mapped_ha, row.disturbed_m2);
      continue;
    }
    for (const ClassAccuracy& one : sample.accuracy.classes) {
      if (one.name == name(*row.change_class) && one.mapped_ha > 0) {
        compare("stratum '" + one.name + "'", one.mapped_ha, row.disturbed_m2);
      }
    }
  }
}

/// Sites that the state has watched by the end of the account, by id.
std::vector<SiteStanding> watched_sites(const AccountOptions& options, std::vector<std::string>& remarks) {
  std::vector<SiteStanding> watched;
  const std::optional<Manifest> record = options.state.empty() ? std::nullopt : head(options.state);
  if (!record) return watched;
  for (const SiteStanding& site : record->sites) {
    const std::vector<std::string>& wanted = options.sites;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), site.id) == wanted.end()) continue;
    const std::optional<Instant> since = site.learn_until ? site.learn_until : site.first_acquisition;
    if (site.learning || !since || !site.last_acquisition || (options.to && *since > *options.to)) {
      remarks.push_back("site " + printable(site.id) + ": was not watched yet, its history was being learnt");
    } else {
      watched.push_back(site);
    }
  }
  std::sort(watched.begin(), watched.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return watched;
}

/// Sites without alerts, and rows of those that have none: nothing was disturbed there, as far as anybody looked.
void add_undisturbed(const AccountOptions& options, Account& account) {
  for (const SiteStanding& standing : watched_sites(options, account.remarks)) {
    auto place = std::lower_bound(account.sites.begin(), account.sites.end(), standing.id,
                                  [](const AccountSite& site, const std::string& id) { return site.site < id; });
    if (place == account.sites.end() || place->site != standing.id) {
      place = account.sites.insert(place, AccountSite{});
      place->site = standing.id;
    }
    const Instant seen = std::min(*standing.last_acquisition, options.to.value_or(*standing.last_acquisition));
    if (!place->rows.empty() || (options.from && seen < *options.from)) continue;
    LedgerRow& none = place->rows.emplace_back();
    none.at = seen;
    account.until = std::max(account.until.value_or(seen), seen);
  }
}

void check_sites(const AccountOptions& options, const Account& account) {
  for (const std::string& site : options.sites) {
    const bool is_known = std::any_of(account.sites.begin(), account.sites.end(),
                                      [&](const AccountSite& one) { return one.site == site; });
    if (is_known) continue;
    const std::string where = options.state.empty() ? options.register_target : options.state;
    throw ConfigError("--site " + site + ": " + where + " has neither an alert nor a watched site of that id by then");
  }
}

}  // namespace

Account account(const AccountOptions& options, const ProgressSink& progress) {
  // Read first: a sample that is none should not cost the work.
  std::vector<ReferenceSample> samples;
  if (!options.reference.empty()) samples = read_reference(options.reference);
  const RegisterContent content = read_register(options.register_target);
  std::vector<CountedSite> counted = counted_sites(content.alerts, read_history(options.register_target), options.sites,
                                                   options.to, options.max_natural);

  Account result;
  std::map<std::string, std::vector<CourseGround>> grounds;
  for (CountedSite& of : counted) {
    AccountSite& site = result.sites.emplace_back();
    site.site = of.site;
    site.rows = ledger_rows(of.ledger, of.pixels);
    const std::optional<Instant> newest = newest_of(of, options.to);
    if (newest) result.until = result.until ? std::max(*result.until, *newest) : *newest;
    choose_rows(options, of, site);
    site.left_out = of.left_out;
    if (options.replay) grounds[of.site] = course_grounds(of);
    site.objects = inventory_of(of);
    if (of.present_outlines > 0) {
      result.remarks.push_back("site " + of.site + ": " + counted_text(of.present_outlines, "event") +
                               " without a recorded outline: the present one is taken");
    }
  }
  add_undisturbed(options, result);
  check_sites(options, result);
  check_samples(samples, options.reference, result);
  for (AccountSite& site : result.sites) {
    for (const ReferenceSample& sample : samples) {
      if (!sample.site.empty() && sample.site != site.site) continue;
      check_strata(sample, options.reference, site, result.remarks);
      site.sample = sample;
      for (LedgerRow& row : site.rows) adjust(row, sample);
    }
  }
  if (options.replay) add_remediation(options, grounds, progress, result);
  return result;
}

}  // namespace pitwatch
