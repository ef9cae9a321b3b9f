#pragma once
// run.json: what was done, with what, and how long it took.

#include <string>

#include "pipeline/compare/compare.hpp"

namespace pitwatch {

/// The options that change results, as canonical JSON (sorted keys, no white space): what their hash is taken of.
std::string options_json(const CompareOptions& options);

/// Writes the record; whole or not at all. Throws IoError.
void write_run_record(const std::string& path, const CompareReport& report, const CompareOptions& options);

}  // namespace pitwatch
