#pragma once
// The register as it stood at an acquisition.

#include <optional>
#include <span>
#include <vector>

#include "pipeline/register/register.hpp"

namespace pitwatch {

/// Whether it is known today that it was no alert of its own at any time: its site was learnt anew, or an acquisition
/// came late, and others stand for it.
bool is_replaced(const Alert& alert);

struct AlertsAsOf {
  std::vector<OutlinedAlert> alerts;  // in the order given
  std::size_t present_outlines = 0;   // of how many the outline then is not recorded: theirs is that of today
  std::size_t without_facts = 0;      // how many touch something today: of then that is not known
};

/// The alerts as the newest revision of their history has them at the last event up to `at`: outline, area, class,
/// status, confidence, and whether they were superseded. Those without an event by then are absent, and before they
/// were replaced are those that are (is_replaced()): with what stands for them their ground would be there twice.
/// `confirmed_on` is
/// there where it is not later. Where an alert was observed after `at`, `last_detected` and `last_observed` are those
/// of its newest event by then, at least, and `observations` the number of acquisitions with events. What it touches is
/// not known then: those facts are of the outline of today. `area_uncertainty_ha` is not a number where the area was
/// another. All else, reviews, scenes and change among it, is as it is
/// today; so is an alert to which nothing has happened since, and one without
/// any history since its first detection.
AlertsAsOf alerts_as_of(std::span<const OutlinedAlert> alerts, std::span<const RegisteredEvent> history, Instant at);

}  // namespace pitwatch
