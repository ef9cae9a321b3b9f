#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/coverage/coverage.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const std::optional<Instant>& instant) {
  return instant ? ordered_json(format_instant(*instant)) : ordered_json(nullptr);
}

ordered_json json_of(const FeedCounts& counts) {
  return {{"expected", counts.expected}, {"received", counts.received}, {"missed", counts.missed()},
          {"usable", counts.usable},     {"masked", counts.masked},     {"skipped", counts.skipped},
          {"unknown", counts.unknown}};
}

ordered_json json_of(const FeedTrack& track) {
  ordered_json missed = ordered_json::array();
  for (const Instant when : track.missed) missed.push_back(format_day(when));
  return {{"platform", track.platform.empty() ? ordered_json(nullptr) : ordered_json(track.platform)},
          {"orbit", track.orbit},
          {"every_days", track.interval_days > 0 ? ordered_json(track.interval_days) : ordered_json(nullptr)},
          {"first", format_instant(track.first)},
          {"last", format_instant(track.last)},
          {"received", track.received.size()},
          {"missed", missed}};
}

ordered_json json_of(const FeedOutage& outage) {
  return {{"what", outage.what},
          {"since", format_instant(outage.since)},
          {"until", json_of(outage.until)},
          {"days", outage.days},
          {"missed", outage.missed}};
}

ordered_json json_of(const FeedGap& gap) {
  return {{"first_day", format_day(gap.first_day)},
          {"last_day", format_day(gap.last_day)},
          {"days", gap.days},
          {"overpasses", json_of(gap.counts)}};
}

ordered_json json_of(const SiteSight& sight) {
  constexpr double places = 1e6;
  const double share = blind_share(sight);
  return {{"as_of", format_instant(sight.as_of)}, {"pixels", sight.pixels},
          {"blind_pixels", sight.blind},          {"blind_share", std::round(share * places) / places},
          {"never_judged_pixels", sight.never},   {"longest_days", sight.longest_days}};
}

ordered_json json_of(const SiteCoverage& site) {
  const Feed& feed = site.feed;
  ordered_json object{{"site", site.site},
                      {"is_watched", site.is_watched},
                      {"alarm", feed.alarm.empty() ? ordered_json(nullptr) : ordered_json(feed.alarm)},
                      {"begin", json_of(feed.begin)},
                      {"last_received", json_of(feed.last_received)},
                      {"last_usable", json_of(feed.last_usable)},
                      {"overpasses", json_of(feed.counts)},
                      {"blind_days", feed.blind_days},
                      {"longest_gap", nullptr},
                      {"sight", site.sight ? json_of(*site.sight) : ordered_json(nullptr)},
                      {"seen_later", json_of(site.seen_later)},
                      {"gaps", ordered_json::array()},
                      {"outages", ordered_json::array()},
                      {"tracks", ordered_json::array()},
                      {"months", ordered_json::array()}};
  if (const FeedGap* longest = longest_gap(feed)) object["longest_gap"] = json_of(*longest);
  for (const FeedGap& gap : feed.gaps) object["gaps"].push_back(json_of(gap));
  for (const FeedOutage& outage : feed.outages) object["outages"].push_back(json_of(outage));
  for (const FeedTrack& track : feed.tracks) object["tracks"].push_back(json_of(track));
  for (const FeedMonth& month : feed.months) {
    object["months"].push_back(
        {{"month", month.month}, {"overpasses", json_of(month.counts)}, {"blind_days", month.blind_days}});
  }
  return object;
}

}  // namespace

std::string coverage_csv(const Coverage& coverage) {
  std::string text = "site,month,expected,received,missed,usable,masked,skipped,unknown,blind_days\n";
  for (const SiteCoverage& site : coverage.sites) {
    for (const FeedMonth& month : site.feed.months) {
      const FeedCounts& counts = month.counts;
      text += csv_cell(site.site) + "," + month.month;
      for (const int number : {counts.expected, counts.received, counts.missed(), counts.usable, counts.masked,
                               counts.skipped, counts.unknown, month.blind_days}) {
        text += "," + std::to_string(number);
      }
      text += "\n";
    }
  }
  return text;
}

std::string coverage_json(const Coverage& coverage) {
  ordered_json sites = ordered_json::array();
  for (const SiteCoverage& site : coverage.sites) sites.push_back(json_of(site));
  ordered_json alarms = ordered_json::array();
  for (const auto& [site, why] : coverage.alarms()) alarms.push_back({{"site", site}, {"why", why}});
  ordered_json skipped = ordered_json::array();
  for (const auto& [what, why] : coverage.skipped) skipped.push_back({{"what", what}, {"why", why}});
  const ordered_json object{{"now", format_instant(coverage.now)},
                            {"well", alarms.empty()},
                            {"alarms", alarms},
                            {"gap_days", coverage.options.gap_days},
                            {"least_clear_share", coverage.options.least_clear_share},
                            {"blind_pixel_days", coverage.blind_days},
                            {"sites", sites},
                            {"skipped", skipped}};
  return object.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace pitwatch
