#include "pipeline/delivery/news.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "pipeline/io/files/hashing.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t digest_digits = 16;
constexpr Instant never_recorded{};  // registers of former versions do not know when

std::optional<NewsKind> kind_of(AlertEventKind kind) {
  switch (kind) {
    case AlertEventKind::first_detected:
      return NewsKind::first;
    case AlertEventKind::confirmed:
      return NewsKind::confirmed;
    case AlertEventKind::grew:
      return NewsKind::grown;
    case AlertEventKind::closed:
      return NewsKind::closed;
    default:
      return std::nullopt;
  }
}

std::size_t index_of(NewsKind kind) { return static_cast<std::size_t>(kind); }

/// By what it says, not by its place: one that is dated back comes before others that were sent.
std::string digest_of(const RegisteredReview& registered) {
  const Review& review = registered.review;
  std::string text;
  for (const std::string& part :
       {registered.alert_id, std::string(name(review.verdict)), review.reviewer, format_instant(review.reviewed_at),
        review.reason, registered.recorded_at ? format_instant(*registered.recorded_at) : std::string()}) {
    text += std::to_string(part.size()) + ":" + part;
  }
  return sha256_text(text).substr(0, digest_digits);
}

template <typename Value>
bool fits(const std::vector<std::string>& wanted, const Value& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool passes(const Alert& alert, const NewsFilter& filter) {
  return fits(filter.sites, alert.site.value_or("")) && fits(filter.classes, name(alert.change_class)) &&
         fits(filter.statuses, name(alert.status)) && alert.area_ha >= filter.min_area_ha &&
         fits(filter.verdicts, alert.review ? name(alert.review->verdict) : std::string_view("none")) &&
         !is_left_out(alert, filter.max_natural);
}

class DoneWithStandIns {
 public:
  DoneWithStandIns(const RegisterNews& news, const NewsDoneByAlert& done) : news_(news), done_(done) {}

  /// Of the alert, and of all that it stands for, directly or not.
  NewsDone of(const std::string& id) {
    NewsDone result;
    std::set<std::string> seen;
    add(id, result, seen);
    return result;
  }

 private:
  void add(const std::string& id, NewsDone& result, std::set<std::string>& seen) {
    if (!seen.insert(id).second) return;
    if (const auto own = done_.find(id); own != done_.end()) {
      for (std::size_t i = 0; i < result.counts.size(); ++i) {
        result.counts[i] = std::max(result.counts[i], own->second.counts[i]);
      }
      result.reviews.insert(own->second.reviews.begin(), own->second.reviews.end());
    }
    const auto place = news_.places.find(id);
    if (place == news_.places.end()) return;
    for (const std::string& former : news_.stands_for[place->second]) add(former, result, seen);
  }

  const RegisterNews& news_;
  const NewsDoneByAlert& done_;
};

int number_of(const NewsEvent& event) {
  int number = 0;
  std::from_chars(event.number.data(), event.number.data() + event.number.size(), number);
  return number;
}

bool is_done(const NewsEvent& event, const NewsDone& done) {
  if (event.kind == NewsKind::reviewed) return done.reviews.count(event.number) != 0;
  return number_of(event) <= done.counts[index_of(event.kind)];
}

/// When the n-th event of a kind was recorded first: an account that is written again has new times.
void note_recording(std::vector<Instant>& first, std::size_t number, const RegisteredEvent& event) {
  const Instant recorded = event.recorded_at.value_or(never_recorded);
  if (first.size() < number) first.push_back(recorded);
  first[number - 1] = std::min(first[number - 1], recorded);
}

}  // namespace

RegisterNews news_of(std::vector<OutlinedAlert> alerts, std::span<const RegisteredEvent> history,
                     std::span<const RegisteredReview> reviews) {
  RegisterNews news;
  news.alerts = std::move(alerts);
  const std::size_t count = news.alerts.size();
  news.events.resize(count);
  news.stands_for.resize(count);
  news.first_recorded.resize(count);
  for (std::size_t i = 0; i < count; ++i) news.places.emplace(news.alerts[i].alert.id, i);
  for (const OutlinedAlert& outlined : news.alerts) {
    const auto& superseded = outlined.alert.superseded;
    if (!superseded || superseded->why == SupersededWhy::merged) continue;
    for (const std::string& by : superseded->by) {
      const auto place = news.places.find(by);
      if (place != news.places.end()) news.stands_for[place->second].push_back(outlined.alert.id);
    }
  }
  std::vector<int> revisions(count, 0);
  std::map<std::pair<std::size_t, int>, std::array<std::size_t, 4>> numbers;  // by alert and revision
  for (const RegisteredEvent& event : history) {
    const auto place = news.places.find(event.alert_id);
    const std::optional<NewsKind> kind = kind_of(event.kind);
    if (place == news.places.end()) continue;
    const std::size_t alert = place->second;
    if (event.revision > revisions[alert]) news.events[alert].clear();
    revisions[alert] = std::max(revisions[alert], event.revision);
    if (!kind) continue;
    const std::size_t number = ++numbers[{alert, event.revision}][index_of(*kind)];
    note_recording(news.first_recorded[alert][index_of(*kind)], number, event);
    if (event.revision < revisions[alert]) continue;
    news.events[alert].push_back({alert, *kind, std::to_string(number), event.at, event.recorded_at, event.area_ha});
  }
  for (const RegisteredReview& review : reviews) {
    const auto place = news.places.find(review.alert_id);
    if (place == news.places.end()) continue;
    const std::size_t alert = place->second;
    news.events[alert].push_back({alert, NewsKind::reviewed, digest_of(review), review.review.reviewed_at,
                                  review.recorded_at, news.alerts[alert].alert.area_ha, review.review});
  }
  return news;
}

std::size_t pass_over(const RegisterNews& news, const std::optional<Instant>& since, NewsDoneByAlert& done) {
  const auto is_older = [&](Instant recorded) { return !since || recorded < *since; };
  std::size_t passed = 0;
  for (std::size_t i = 0; i < news.alerts.size(); ++i) {
    const std::string& id = news.alerts[i].alert.id;
    for (std::size_t kind = 0; kind < news.first_recorded[i].size(); ++kind) {
      const std::vector<Instant>& first = news.first_recorded[i][kind];
      const auto older = static_cast<int>(std::count_if(first.begin(), first.end(), is_older));
      if (older == 0) continue;
      int& count = done[id].counts[kind];
      passed += static_cast<std::size_t>(std::max(0, older - count));
      count = std::max(count, older);
    }
    for (const NewsEvent& event : news.events[i]) {
      if (event.kind != NewsKind::reviewed || !is_older(event.recorded_at.value_or(never_recorded))) continue;
      passed += done[id].reviews.insert(event.number).second ? 1 : 0;
    }
  }
  return passed;
}

std::vector<NewsEvent> due_news(const RegisterNews& news, const NewsFilter& filter, const NewsDoneByAlert& done) {
  DoneWithStandIns with_stand_ins(news, done);
  std::vector<NewsEvent> due;
  for (std::size_t i = 0; i < news.alerts.size(); ++i) {
    const Alert& alert = news.alerts[i].alert;
    if (news.events[i].empty() || !passes(alert, filter)) continue;
    const NewsDone done_here = with_stand_ins.of(alert.id);
    for (const NewsEvent& event : news.events[i]) {
      if (fits(filter.events, name(event.kind)) && !is_done(event, done_here)) due.push_back(event);
    }
  }
  std::stable_sort(due.begin(), due.end(), [](const NewsEvent& a, const NewsEvent& b) { return a.at < b.at; });
  return due;
}

void mark_done(const NewsEvent& event, const std::string& alert_id, NewsDoneByAlert& done) {
  NewsDone& of_alert = done[alert_id];
  if (event.kind == NewsKind::reviewed) {
    of_alert.reviews.insert(event.number);
  } else {
    int& count = of_alert.counts[index_of(event.kind)];
    count = std::max(count, number_of(event));
  }
}

}  // namespace pitwatch
