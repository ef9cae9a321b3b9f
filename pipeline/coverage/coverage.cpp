#include "pipeline/coverage/coverage.hpp"

#include <algorithm>

#include "pipeline/core/error.hpp"
#include "pipeline/coverage/site_coverage.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/verify.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

void check_sites(const std::vector<std::string>& wanted, const Manifest& last, const std::string& state) {
  for (const std::string& site : wanted) {
    const bool is_known =
        std::any_of(last.sites.begin(), last.sites.end(), [&](const SiteStanding& one) { return one.id == site; });
    if (!is_known) throw ConfigError("--site " + site + ": " + state + " has no such site");
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Coverage::alarms() const {
  std::vector<std::pair<std::string, std::string>> list;
  for (const SiteCoverage& site : sites) {
    if (site.is_watched && !site.feed.alarm.empty()) list.emplace_back(site.site, site.feed.alarm);
  }
  return list;
}

Coverage coverage_of(const CoverageOptions& options) {
  if (!holds_state(options.state)) throw DataError(options.state + ": holds no state");
  const std::optional<Manifest> last = head(options.state);
  if (!last) throw DataError(options.state + ": no run is on record yet");
  check_sites(options.sites, *last, options.state);
  Coverage coverage;
  coverage.now = options.feed.until;
  coverage.options = options.feed;
  coverage.blind_days = options.blind_days;
  const ClearShares shares = clear_shares(options.state, coverage);
  for (const SiteStanding& standing : last->sites) {
    const auto& wanted = options.sites;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), standing.id) == wanted.end()) continue;
    coverage.sites.push_back(cover_site(options, standing, shares, options.with_ground, options.feed.until, coverage));
  }
  return coverage;
}

void write_sight(const std::string& path, const SiteCoverage& site) {
  const SiteSight& sight = site.sight.value();
  write_cog_u16(path, sight.grid, sight.days_since.view(), never_seen,
                {"days since the pixel was last seen clear", {{"AS_OF", format_instant(sight.as_of)}}}, in_parallel);
}

}  // namespace pitwatch
