#pragma once
// The checks, by what they look at. Used inside this folder only.

#include <string>
#include <vector>

#include "pipeline/doctor/doctor.hpp"

namespace pitwatch {

using HealthChecks = std::vector<HealthCheck>;

/// Versions, GDAL's drivers, PROJ's data, fonts and what makes PDFs.
void check_program(HealthChecks& checks);

/// Memory, the clock, umask; where there is a state, its disk, too.
void check_machine(const WatchOptions& options, Instant now, HealthChecks& checks);

/// Who may write the state, who has its lock, its record, its checkpoints and the register.
void check_state(const WatchOptions& options, Instant now, HealthChecks& checks);

/// Sites and the memory that they take, the source and its clock, certificate and authority of time stamps.
void check_sites(const WatchOptions& options, HealthChecks& checks);
void check_source(const WatchOptions& options, Instant now, HealthChecks& checks);
void check_signing(const WatchOptions& options, Instant now, HealthChecks& checks);

/// "12.3 GB"
std::string bytes_text(double bytes);

}  // namespace pitwatch
