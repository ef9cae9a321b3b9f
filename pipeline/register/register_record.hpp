#pragma once
// What a register holds, in memory, and what a run makes of it. Used inside this folder only.

#include <string>
#include <unordered_map>
#include <vector>

#include "pipeline/io/vector/tables.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch {

struct RecordedAlert {
  OutlinedAlert outlined;
  std::int64_t number = 0;              // of its row; 0: it has none yet
  TableRow row;                         // as it was read
  int revision = 0;                     // the newest; 0: it has no history
  std::vector<RegisteredEvent> events;  // of that revision, without outlines
};

/// Alerts stand in the order of their rows.
class RegisterRecord {
 public:
  RegisterRecord() = default;

  /// Throws DataError for what is no register's content.
  RegisterRecord(const Table& alerts, const Table& history, const Table& reviews);

  std::vector<RecordedAlert>& alerts() { return alerts_; }
  const std::vector<RecordedAlert>& alerts() const { return alerts_; }
  std::vector<RegisteredReview>& reviews() { return reviews_; }

  /// Nothing where there is no such alert.
  RecordedAlert* find(const std::string& id);
  const RecordedAlert* find(const std::string& id) const;
  RecordedAlert& append(OutlinedAlert outlined);

  /// Adds to the history of an alert, in a revision of its own or in its newest.
  void add_event(RecordedAlert& alert, RegisteredEvent event);
  const std::vector<RegisteredEvent>& added_events() const { return added_events_; }

  /// As RegisterContent has it: sorted, each with its newest review. The alerts are copies.
  RegisterContent content(Instant now);

 private:
  std::vector<RecordedAlert> alerts_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<RegisteredReview> reviews_;
  std::vector<RegisteredEvent> added_events_;
};

/// See RegisterUpdate. Throws DataError for a grid whose CRS is unknown and for an alert that never had an outline.
void apply_update(RegisterRecord& record, const RegisterUpdate& update, const ParallelFor& parallel_for);

}  // namespace pitwatch
