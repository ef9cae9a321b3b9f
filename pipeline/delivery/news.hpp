#pragma once
// What has happened to alerts, by the register's history, and which of it a subscription has not been sent yet.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/delivery/subscriptions.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch {

/// One thing that happened to one alert. The n-th of its kind stays the n-th when the account of what happened is
/// written again (an acquisition came late, a site was learnt anew): then it is no news.
struct NewsEvent {
  std::size_t alert = 0;  // in RegisterNews::alerts
  NewsKind kind = NewsKind::first;
  std::string number;  // "1", "2", ...; of a review what it says, hashed
  Instant at{};        // acquisition; of a review when it was found
  std::optional<Instant> recorded_at;
  double area_ha = 0;  // then
  std::optional<Review> review = std::nullopt;
};

/// How many of each kind were sent, or are not to be; of reviews which.
struct NewsDone {
  std::array<int, 4> counts{};  // by NewsKind but reviewed
  std::set<std::string> reviews;
  friend bool operator==(const NewsDone&, const NewsDone&) = default;
};
using NewsDoneByAlert = std::map<std::string, NewsDone>;

/// All that a register knows to have happened. Alerts in its order, each one's events in theirs, reviews last.
struct RegisterNews {
  std::vector<OutlinedAlert> alerts;
  std::vector<std::vector<NewsEvent>> events;        // by alert, of the newest revision
  std::vector<std::vector<std::string>> stands_for;  // by alert: ids that it replaces after a replay or relearning
  std::map<std::string, std::size_t> places;         // by id
  std::vector<std::array<std::vector<Instant>, 4>> first_recorded;  // by alert, kind and number, of any revision
};

RegisterNews news_of(std::vector<OutlinedAlert> alerts, std::span<const RegisteredEvent> history,
                     std::span<const RegisteredReview> reviews);

/// Counts as done what was recorded before `since`, in whatever revision first, or all there is where there is no
/// `since`. Returns how many events that are.
std::size_t pass_over(const RegisterNews& news, const std::optional<Instant>& since, NewsDoneByAlert& done);

/// What is not done of the events that the filter lets through, by time, then as the register has alerts and events.
/// What was done of an alert is done of those that replace it after a replay or relearning.
std::vector<NewsEvent> due_news(const RegisterNews& news, const NewsFilter& filter, const NewsDoneByAlert& done);

void mark_done(const NewsEvent& event, const std::string& alert_id, NewsDoneByAlert& done);

}  // namespace pitwatch
