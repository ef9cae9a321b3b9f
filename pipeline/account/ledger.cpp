#include "pipeline/account/ledger.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace pitwatch {
namespace {

constexpr double interval_sigma = 1.96;
constexpr double m2_per_ha = 1e4;
constexpr std::int32_t nobody = -1;

/// An alert among those of all objects.
struct Member {
  std::int32_t object = 0;
  AlertStatus status = AlertStatus::provisional;  // now
  std::vector<std::size_t> held;                  // now; places in the list of pixels, ascending
};

struct Event {
  Instant at{};
  std::size_t member = 0;
  const HeldGround* ground = nullptr;
};

struct Pixel {
  std::int32_t object = nobody;  // that held it last; nobody: it was never disturbed
  std::int32_t member = nobody;  // that holds it; nobody: it has recovered
};

/// Ground of one object at a time.
struct ObjectGround {
  double disturbed_m2 = 0;
  double held_m2 = 0;
  double recovering_m2 = 0;
  double provisional_m2 = 0;
};

/// Sums over objects that an estimate follows from.
struct Moments {
  double expected_ha = 0;
  double outline_ha = 0;   // sum of standard deviations
  double commission2 = 0;  // sum of p (1 - p) a^2

  void add(const LedgerObject& object, double area_m2) {
    const double area_ha = area_m2 / m2_per_ha;
    const double p = std::clamp(object.confidence, 0.0, 1.0);
    expected_ha += p * area_ha;
    if (object.area_ha > 0) outline_ha += object.area_uncertainty_ha * std::sqrt(area_ha / object.area_ha);
    commission2 += p * (1 - p) * area_ha * area_ha;
  }

  EstimatedArea estimate() const {
    const double half = interval_sigma * std::sqrt(outline_ha * outline_ha + commission2);
    return {expected_ha, std::max(0.0, expected_ha - half), expected_ha + half};
  }
};

class Ledger {
 public:
  Ledger(std::span<const LedgerObject> objects, std::span<const PixelArea> pixels)
      : objects_(objects), areas_(pixels), pixels_(pixels.size()), holders_(pixels.size()) {
    for (std::size_t o = 0; o < objects.size(); ++o) {
      for (const std::vector<HeldGround>& course : objects[o].members) {
        for (const HeldGround& ground : course) events_.push_back({ground.at, members_.size(), &ground});
        members_.push_back({static_cast<std::int32_t>(o), AlertStatus::provisional, {}});
      }
    }
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  }

  std::vector<LedgerRow> run() {
    std::vector<LedgerRow> rows;
    for (auto event = events_.begin(); event != events_.end();) {
      const auto end = std::find_if(event, events_.end(), [&](const Event& other) { return other.at != event->at; });
      // What is let go first: at one time ground goes from one alert to another.
      for (auto each = event; each != end; ++each) release(*each);
      for (auto each = event; each != end; ++each) take(*each);
      add_rows(event->at, rows);
      event = end;
    }
    return rows;
  }

 private:
  std::vector<std::size_t> places_of(const std::vector<PixelKey>& keys) const {
    std::vector<std::size_t> places;
    places.reserve(keys.size());
    auto from = areas_.begin();
    for (const PixelKey key : keys) {
      from = std::lower_bound(from, areas_.end(), key, [](const PixelArea& a, PixelKey k) { return a.key < k; });
      if (from == areas_.end()) break;
      if (from->key == key) places.push_back(static_cast<std::size_t>(from - areas_.begin()));
    }
    return places;
  }

  void release(const Event& event) {
    Member& member = members_[event.member];
    const auto self = static_cast<std::int32_t>(event.member);
    std::vector<std::size_t> now = places_of(event.ground->pixels);
    for (const std::size_t place : member.held) --holders_[place];
    for (const std::size_t place : now) ++holders_[place];
    for (const std::size_t place : member.held) {
      if (std::binary_search(now.begin(), now.end(), place) || pixels_[place].member != self) continue;
      pixels_[place].member = holders_[place] > 0 ? other_holder(place, event.member) : nobody;
      if (pixels_[place].member != nobody) {
        pixels_[place].object = members_[static_cast<std::size_t>(pixels_[place].member)].object;
      }
    }
    member.held = std::move(now);
    member.status = event.ground->status;
  }

  void take(const Event& event) {
    const Member& member = members_[event.member];
    for (const std::size_t place : member.held) {
      if (pixels_[place].member != nobody) continue;
      pixels_[place] = {member.object, static_cast<std::int32_t>(event.member)};
    }
  }

  /// Who else holds a pixel: panes of a site overlap.
  std::int32_t other_holder(std::size_t place, std::size_t but) const {
    for (std::size_t m = 0; m < members_.size(); ++m) {
      if (m != but && std::binary_search(members_[m].held.begin(), members_[m].held.end(), place)) {
        return static_cast<std::int32_t>(m);
      }
    }
    return nobody;
  }

  std::vector<ObjectGround> ground_now() const {
    std::vector<ObjectGround> ground(objects_.size());
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      if (pixels_[i].object == nobody) continue;
      ObjectGround& of = ground[static_cast<std::size_t>(pixels_[i].object)];
      of.disturbed_m2 += areas_[i].area_m2;
      if (pixels_[i].member == nobody) continue;
      of.held_m2 += areas_[i].area_m2;
      const AlertStatus status = members_[static_cast<std::size_t>(pixels_[i].member)].status;
      if (status == AlertStatus::recovering) of.recovering_m2 += areas_[i].area_m2;
      if (status == AlertStatus::provisional) of.provisional_m2 += areas_[i].area_m2;
    }
    return ground;
  }

  void add_rows(Instant at, std::vector<LedgerRow>& rows) const {
    struct Sums {
      ObjectGround ground;
      Moments disturbed;
      Moments net;
      std::size_t objects = 0;
    };
    const std::vector<ObjectGround> ground = ground_now();
    std::map<ChangeClass, Sums> classes;
    LedgerRow all;
    all.at = at;
    Moments all_disturbed;
    Moments all_net;
    for (std::size_t o = 0; o < objects_.size(); ++o) {
      if (ground[o].disturbed_m2 <= 0) continue;
      Sums& sums = classes[objects_[o].change_class];
      sums.ground.disturbed_m2 += ground[o].disturbed_m2;
      sums.ground.held_m2 += ground[o].held_m2;
      sums.ground.recovering_m2 += ground[o].recovering_m2;
      sums.ground.provisional_m2 += ground[o].provisional_m2;
      sums.disturbed.add(objects_[o], ground[o].disturbed_m2);
      sums.net.add(objects_[o], ground[o].held_m2);
      all_disturbed.add(objects_[o], ground[o].disturbed_m2);
      all_net.add(objects_[o], ground[o].held_m2);
      ++sums.objects;
    }
    for (const auto& [change_class, sums] : classes) {
      LedgerRow row;
      row.at = at;
      row.change_class = change_class;
      row.disturbed_m2 = std::llround(sums.ground.disturbed_m2);
      row.net_m2 = std::llround(sums.ground.held_m2);
      row.recovered_m2 = row.disturbed_m2 - row.net_m2;
      row.recovering_m2 = std::llround(sums.ground.recovering_m2);
      row.provisional_m2 = std::llround(sums.ground.provisional_m2);
      row.objects = sums.objects;
      row.disturbed = sums.disturbed.estimate();
      row.net = sums.net.estimate();
      all.disturbed_m2 += row.disturbed_m2;
      all.net_m2 += row.net_m2;
      all.recovered_m2 += row.recovered_m2;
      all.recovering_m2 += row.recovering_m2;
      all.provisional_m2 += row.provisional_m2;
      all.objects += row.objects;
      rows.push_back(row);
    }
    all.disturbed = all_disturbed.estimate();
    all.net = all_net.estimate();
    rows.push_back(all);
  }

  std::span<const LedgerObject> objects_;
  std::span<const PixelArea> areas_;
  std::vector<Pixel> pixels_;
  std::vector<std::int32_t> holders_;  // how many members hold each
  std::vector<Member> members_;
  std::vector<Event> events_;
};

}  // namespace

std::vector<LedgerRow> ledger_rows(std::span<const LedgerObject> objects, std::span<const PixelArea> pixels) {
  return Ledger(objects, pixels).run();
}

std::vector<LedgerRow> rows_at(std::span<const LedgerRow> rows, std::span<const Instant> times) {
  std::vector<LedgerRow> result;
  for (const Instant time : times) {
    const auto behind =
        std::upper_bound(rows.begin(), rows.end(), time, [](Instant t, const LedgerRow& row) { return t < row.at; });
    if (behind == rows.begin()) continue;
    auto row = std::lower_bound(rows.begin(), behind, std::prev(behind)->at,
                                [](const LedgerRow& each, Instant t) { return each.at < t; });
    for (; row != behind; ++row) {
      result.push_back(*row);
      result.back().at = time;
    }
  }
  return result;
}

std::vector<Instant> month_ends(std::span<const LedgerRow> rows, Instant until) {
  std::vector<Instant> ends;
  if (rows.empty()) return ends;
  const std::chrono::year_month_day first(std::chrono::floor<std::chrono::days>(rows.front().at));
  for (auto month = first.year() / first.month();; month += std::chrono::months(1)) {
    const Instant next = std::chrono::sys_days((month + std::chrono::months(1)) / 1);
    const Instant end = next - std::chrono::milliseconds(1);
    ends.push_back(std::min(end, until));
    if (end >= until) return ends;
  }
}

}  // namespace pitwatch
