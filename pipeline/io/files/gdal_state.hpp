#pragma once
// Used inside this folder only.

namespace pitwatch {

/// Registers GDAL's drivers if that has not happened. Every function that opens something with GDAL calls it first.
void ensure_gdal();

}  // namespace pitwatch
