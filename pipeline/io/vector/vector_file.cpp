#include "pipeline/io/vector/vector_file.hpp"

#include <gdal_priv.h>

#include <array>

#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/geo/ogr_values.hpp"

namespace pitwatch {

VectorFile::VectorFile(const std::string& path, Members members) {
  ensure_gdal();
  expect_regular_file(path, largest_vector_file_bytes);
  const std::array<const char*, 2> with_members{"NATIVE_DATA=YES", nullptr};
  dataset_.reset(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                                   vector_drivers(), members == Members::kept ? with_members.data() : nullptr));
  if (!dataset_) throw DataError(errors_.explain("cannot open as a vector file"));
}

void VectorFile::Close::operator()(GDALDataset* dataset) const { GDALClose(dataset); }

}  // namespace pitwatch
