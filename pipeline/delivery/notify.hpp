#pragma once
// Sends subscribers what the register knows and they do not.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/delivery/ledger.hpp"
#include "pipeline/delivery/news.hpp"
#include "pipeline/delivery/subscriptions.hpp"
#include "pipeline/io/remote/http_client.hpp"

namespace pitwatch {

struct NotifyOptions {
  std::string state;            // whose delivery/ remembers what was sent
  std::string register_target;  // see register.hpp
  std::string subscriptions;    // file
  /// What was recorded before is not sent, now or later. Without it the first look at a subscription passes over all
  /// that there is.
  std::optional<Instant> since;
  bool dry_run = false;  // sends and writes nothing
  HttpOptions http;
  RemotePolicy
      remote;  // hosts that http may be spoken to without TLS; those of https targets are allowed by themselves
};

/// An event, for lists.
struct NewsLine {
  std::string alert_id;
  std::string site;
  NewsKind kind = NewsKind::first;
  Instant at{};
};

struct SubscriptionReport {
  std::string id;
  std::string target;  // what may be shown of it
  bool is_first = false;
  std::size_t passed_over = 0;
  std::vector<std::string> unknown_sites;  // of its filter: those of which no alert is on record
  std::vector<NewsLine> waiting;           // not sent yet: all of them before, those that are left after
  std::size_t delivered = 0;               // events, now
  std::string problem;                     // why some were not delivered; empty where all were
  bool is_unreachable = false;             // the problem is that nobody answered
  std::optional<Ledger> ledger;            // as it is afterwards, but for what was done
};

struct NotifyReport {
  std::vector<SubscriptionReport> subscriptions;  // in the order of the file
  bool all_delivered() const;
  bool none_reached() const;  // something was to be sent, and nobody could be reached
};

/// Sends each subscription what is due, one after the other. A webhook gets an event by a POST, and the event is noted
/// when the answer is 2xx; redirects are not followed. A mail is noted before and after it is sent. Who is killed in
/// between sends it again, by the same key or as the same mail. A subscription that cannot be reached waits for the
/// next call, and so does an event that is refused; others are sent. Throws ConfigError (subscriptions file), DataError
/// (register), BusyError (another call is at work), IoError.
NotifyReport notify(const NotifyOptions& options);

/// What is waiting, and what was sent, as it stands. Writes nothing.
NotifyReport standing(const NotifyOptions& options);

}  // namespace pitwatch
