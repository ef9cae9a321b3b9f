#pragma once
// GDAL reports errors to a handler, not to the caller. Used inside this folder only.

#include <string>

namespace pitwatch {

/// While it lives, GDAL's messages of this thread are kept here and not printed. Nests; must be destroyed in the
/// thread that made it, in reverse order.
class GdalErrorCapture {
 public:
  GdalErrorCapture();
  ~GdalErrorCapture();
  GdalErrorCapture(const GdalErrorCapture&) = delete;
  GdalErrorCapture& operator=(const GdalErrorCapture&) = delete;

  bool failed() const { return !failures_.empty(); }

  /// `what`, followed by GDAL's reason where it gave one: "cannot open: Not a TIFF file".
  std::string explain(const std::string& what) const;

  /// For the handler: keeps a message of class CE_Failure, up to a total length that still reads well.
  void add_failure(const char* message);

 private:
  std::string failures_;
};

}  // namespace pitwatch
