#pragma once
// SHA-256 of vector files, for provenance: of all that is read of them.

#include <string>

namespace pitwatch {

/// SHA-256 as 64 lower-case hex digits. Of a file that is whole in itself that of its bytes. A Shapefile is its .shp,
/// .shx, .dbf, .prj and .cpg, a GeoPackage in use itself and its -wal: of those that are there, in this order, that of
/// the lines that `sha256sum` writes in their folder, so that `sha256sum a.shp a.shx a.dbf a.prj | sha256sum` gives it.
/// Throws DataError as sha256_file() does.
std::string sha256_of_vector_file(const std::string& path);

}  // namespace pitwatch
