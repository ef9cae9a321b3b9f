#include "pipeline/doctor/doctor.hpp"

#include "pipeline/doctor/checks.hpp"

namespace pitwatch {

std::vector<HealthCheck> examine(const WatchOptions& options, Instant now) {
  HealthChecks checks;
  check_program(checks);
  check_machine(options, now, checks);
  if (!options.state.empty()) check_state(options, now, checks);
  if (!options.sites.empty()) check_sites(options, checks);
  if (!options.source.empty()) check_source(options, now, checks);
  if (!options.signing.certificate.empty() || !options.signing.time_stamps.empty()) check_signing(options, now, checks);
  return checks;
}

}  // namespace pitwatch
