#include "pipeline/account/counted.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch {
namespace {

constexpr int bits_of_row = 28;
constexpr int bits_of_column = 24;

bool holds_ground(AlertEventKind kind, AlertStatus status) {
  return kind != AlertEventKind::closed && kind != AlertEventKind::superseded && status != AlertStatus::closed &&
         status != AlertStatus::superseded;
}

/// Whether it is of the record and says nothing of the ground.
bool is_of_record(AlertEventKind kind) { return kind == AlertEventKind::not_watched; }

/// The alerts of one site on their pixels.
class SiteCounter {
 public:
  explicit SiteCounter(CountedSite& site) : site_(site) {}

  std::vector<HeldGround> course_of(const OutlinedAlert& alert, std::span<const RegisteredEvent> events,
                                    std::span<const AlertEvent> states, std::optional<Instant> until) {
    std::vector<HeldGround> course;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if ((until && events[i].at > *until) || is_of_record(events[i].kind)) continue;
      HeldGround& ground = course.emplace_back();
      ground.at = events[i].at;
      ground.status = states[i].status;
      if (!holds_ground(events[i].kind, states[i].status)) continue;
      if (events[i].outline.empty()) ++site_.present_outlines;
      ground.pixels = pixels_of(alert, events[i].outline.empty() ? alert.outline : events[i].outline);
    }
    if (events.empty() && (!until || alert.alert.first_detected <= *until)) {
      ++site_.present_outlines;
      course.push_back({alert.alert.first_detected, pixels_of(alert, alert.outline), alert.alert.status});
      if (!holds_ground(AlertEventKind::grew, alert.alert.status)) {
        course.push_back({alert.alert.last_observed, {}, alert.alert.status});
      }
    }
    return course;
  }

  void measure_pixels() {
    std::vector<PixelKey> keys;
    for (const LedgerObject& object : site_.ledger) {
      for (const auto& course : object.members) {
        for (const HeldGround& ground : course) keys.insert(keys.end(), ground.pixels.begin(), ground.pixels.end());
      }
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    std::vector<std::unique_ptr<PixelAreas>> areas;
    for (const std::string& crs : site_.zones) areas.push_back(std::make_unique<PixelAreas>(zone_grid(crs)));
    site_.pixels.reserve(keys.size());
    for (const PixelKey key : keys) {
      const PixelPlace place = place_of(key);
      site_.pixels.push_back(
          {key, areas[static_cast<std::size_t>(place.zone)]->at_m2(place.at.x + 0.5, place.at.y + 0.5)});
    }
  }

 private:
  /// The zone that an alert lies in, by its present outline: all of its course lies on one grid.
  std::size_t zone_of(const OutlinedAlert& alert) {
    const std::string crs = finder_.crs_of(alert);
    const auto known = std::find(site_.zones.begin(), site_.zones.end(), crs);
    if (known != site_.zones.end()) return static_cast<std::size_t>(known - site_.zones.begin());
    site_.zones.push_back(crs);
    to_zones_.emplace_back(zone_grid(crs));
    return site_.zones.size() - 1;
  }

  std::vector<PixelKey> pixels_of(const OutlinedAlert& alert, const LonLatMultiPolygon& outline) {
    std::vector<PixelKey> keys;
    try {
      const std::size_t zone = zone_of(alert);
      const AlertPixels pixels = pitwatch::pixels_of(alert_shape(outline, to_zones_[zone]), alert.alert.area_ha);
      const Window& window = pixels.window;
      if (intersection(window, zone_grid(site_.zones[zone]).extent()) != window) throw DataError("lies in no zone");
      for (int y = 0; y < window.height; ++y) {
        for (int x = 0; x < window.width; ++x) {
          if (pixels.shares.at(x, y) < 0.5) continue;
          keys.push_back(key_of({static_cast<int>(zone), {window.x + x, window.y + y}}));
        }
      }
    } catch (const DataError& error) {
      throw DataError("alert '" + alert.alert.id + "': " + error.what());
    }
    return keys;  // by row, then column, as keys are
  }

  CountedSite& site_;
  AlertZones finder_;
  std::vector<ToGrid> to_zones_;  // of each of them
};

/// An alert, that which it merged into, and so on, up to the one that stands today. Whoever goes round in a circle
/// stands for itself.
std::vector<std::size_t> merging_of(std::size_t alert, std::span<const OutlinedAlert> alerts,
                                    const std::unordered_map<std::string, std::size_t>& by_id) {
  std::vector<std::size_t> way{alert};
  while (way.size() <= alerts.size()) {
    const std::optional<Superseded>& superseded = alerts[way.back()].alert.superseded;
    if (!superseded || superseded->why != SupersededWhy::merged || superseded->by.empty()) return way;
    const auto next = by_id.find(superseded->by.front());
    if (next == by_id.end()) return way;
    way.push_back(next->second);
  }
  return {alert};
}

/// When an alert had merged, by way of others, into the last of its way.
Instant merged_at(std::span<const std::size_t> way, std::span<const OutlinedAlert> alerts,
                  std::span<const std::vector<RegisteredEvent>> events) {
  Instant at = alerts[way.back()].alert.first_detected;
  for (const std::size_t i : way.first(way.size() - 1)) {
    for (const RegisteredEvent& event : events[i]) {
      if (event.kind == AlertEventKind::superseded) at = std::max(at, event.at);
    }
  }
  return at;
}

/// The course of an alert that goes on by itself: its last ground stays as far as the one that stands for it holds it.
std::vector<HeldGround> continued(std::vector<HeldGround> own, std::span<const HeldGround> standing, Instant since) {
  while (!own.empty() && own.back().status == AlertStatus::superseded && own.back().pixels.empty()) own.pop_back();
  if (own.empty()) return own;
  const std::vector<PixelKey> last = own.back().pixels;
  for (const HeldGround& other : standing) {
    if (other.at < since || other.at < own.back().at) continue;
    HeldGround& ground = own.emplace_back(HeldGround{other.at, {}, other.status});
    std::set_intersection(last.begin(), last.end(), other.pixels.begin(), other.pixels.end(),
                          std::back_inserter(ground.pixels));
  }
  return own;
}

bool is_before(const OutlinedAlert& a, const OutlinedAlert& b) {
  return std::tie(a.alert.first_detected, a.alert.id) < std::tie(b.alert.first_detected, b.alert.id);
}

}  // namespace

PixelKey key_of(const PixelPlace& place) {
  return (static_cast<PixelKey>(place.zone) << (bits_of_row + bits_of_column)) |
         (static_cast<PixelKey>(place.at.y) << bits_of_column) | static_cast<PixelKey>(place.at.x);
}

PixelPlace place_of(PixelKey key) {
  const auto part = [&](int shift, int bits) { return static_cast<int>((key >> shift) & ((PixelKey{1} << bits) - 1)); };
  return {part(bits_of_row + bits_of_column, 12), {part(0, bits_of_column), part(bits_of_column, bits_of_row)}};
}

Grid grid_of_zone(const std::string& crs) { return zone_grid(crs); }

std::optional<LeftOut> left_out(const Alert& alert, std::span<const AlertEvent> history, double max_natural) {
  if (alert.superseded && alert.superseded->why != SupersededWhy::merged) return LeftOut::replaced;
  if (alert.review && alert.review->verdict == Verdict::false_alert) return LeftOut::reviewed_false;
  if (alert.review && alert.review->verdict == Verdict::natural) return LeftOut::reviewed_natural;
  if (alert.review) return std::nullopt;
  if (is_left_out(alert, max_natural)) return LeftOut::likely_natural;
  const bool was_confirmed =
      alert.confirmed_on || std::any_of(history.begin(), history.end(), [](const AlertEvent& event) {
        return event.kind == AlertEventKind::confirmed;
      });
  if (alert.status == AlertStatus::closed && !was_confirmed) return LeftOut::closed_unconfirmed;
  return std::nullopt;
}

std::vector<CountedSite> counted_sites(std::span<const OutlinedAlert> alerts, std::span<const RegisteredEvent> history,
                                       std::span<const std::string> sites, std::optional<Instant> until,
                                       double max_natural) {
  std::unordered_map<std::string, std::size_t> by_id;
  for (std::size_t i = 0; i < alerts.size(); ++i) by_id.emplace(alerts[i].alert.id, i);
  std::vector<std::vector<RegisteredEvent>> events(alerts.size());
  for (const RegisteredEvent& event : history) {
    const auto of = by_id.find(event.alert_id);
    if (of == by_id.end()) continue;
    std::vector<RegisteredEvent>& known = events[of->second];
    if (!known.empty() && known.front().revision > event.revision) continue;
    if (!known.empty() && known.front().revision < event.revision) known.clear();
    known.push_back(event);
  }

  std::map<std::string, std::vector<std::size_t>> of_site;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    const std::string site = alerts[i].alert.site.value_or("");
    if (!sites.empty() && std::find(sites.begin(), sites.end(), site) == sites.end()) continue;
    if (until && alerts[i].alert.first_detected > *until) continue;
    of_site[site].push_back(i);
  }

  std::vector<CountedSite> result;
  for (const auto& [site, members] : of_site) {
    CountedSite& counted = result.emplace_back();
    counted.site = site;
    SiteCounter counter(counted);
    const auto outcome = [&](std::size_t i) {
      return left_out(alerts[i].alert, as_alert_events(events[i], alerts[i].alert.confidence), max_natural);
    };
    const auto course = [&](std::size_t i) {
      const std::vector<AlertEvent> states = as_alert_events(events[i], alerts[i].alert.confidence);
      return counter.course_of(alerts[i], events[i], states, until);
    };
    // Who is judged, and all that it stands for; and, of one that is judged by itself, its way to who stands today.
    std::map<std::size_t, std::vector<std::size_t>> families;
    std::map<std::size_t, std::vector<std::size_t>> own_ways;
    for (const std::size_t i : members) {
      std::vector<std::size_t> way = merging_of(i, alerts, by_id);
      const auto is_judged = [&](std::size_t one) {
        const std::optional<Review>& review = alerts[one].alert.review;
        return one == way.back() || (review && !review->by_overlap && outcome(one) != outcome(way.back()));
      };
      const auto judged = std::find_if(way.begin(), way.end(), is_judged);
      families[*judged].push_back(i);
      if (*judged != way.back()) own_ways[*judged] = {judged, way.end()};
    }
    std::vector<std::size_t> standing;
    for (const auto& [root, family] : families) standing.push_back(root);
    std::sort(standing.begin(), standing.end(),
              [&](std::size_t a, std::size_t b) { return is_before(alerts[a], alerts[b]); });
    for (const std::size_t root : standing) {
      OutlinedAlert alert = alerts[root];
      alert.alert.history = as_alert_events(events[root], alert.alert.confidence);
      std::vector<std::string> lineage;
      for (const std::size_t member : families[root]) {
        if (member != root) lineage.push_back(alerts[member].alert.id);
      }
      std::sort(lineage.begin(), lineage.end());
      if (const auto why = outcome(root)) {
        counted.left_out.push_back({std::move(alert), *why, std::move(lineage)});
        continue;
      }
      LedgerObject object{alert.alert.id,         alert.alert.change_class,
                          alert.alert.confidence, alert.alert.area_uncertainty_ha,
                          alert.alert.area_ha,    {}};
      // What people looked at and found is no guess.
      if (alert.alert.review) object.confidence = 1;
      for (const std::size_t member : families[root]) {
        const auto way = own_ways.find(root);
        if (member == root && way != own_ways.end()) {
          object.members.push_back(
              continued(course(root), course(way->second.back()), merged_at(way->second, alerts, events)));
        } else {
          object.members.push_back(course(member));
        }
      }
      counted.ledger.push_back(std::move(object));
      counted.objects.push_back({std::move(alert), std::move(lineage)});
    }
    counter.measure_pixels();
  }
  return result;
}

}  // namespace pitwatch
