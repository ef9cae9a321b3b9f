#include "pipeline/io/files/gdal_errors.hpp"

#include <cpl_error.h>

namespace pitwatch {
namespace {

constexpr std::size_t longest_explanation = 1000;

void CPL_STDCALL keep_message(CPLErr kind, CPLErrorNum, const char* message) {
  // Warnings are about optional matters (odd tags and the like), never the reason for a failed call.
  if (kind >= CE_Failure) static_cast<GdalErrorCapture*>(CPLGetErrorHandlerUserData())->add_failure(message);
}

}  // namespace

GdalErrorCapture::GdalErrorCapture() { CPLPushErrorHandlerEx(keep_message, this); }

GdalErrorCapture::~GdalErrorCapture() { CPLPopErrorHandler(); }

void GdalErrorCapture::add_failure(const char* message) {
  if (failures_.size() >= longest_explanation) return;
  if (!failures_.empty()) failures_ += "; ";
  failures_ += message;
}

std::string GdalErrorCapture::explain(const std::string& what) const {
  return failures_.empty() ? what : what + ": " + failures_;
}

}  // namespace pitwatch
