#include "pipeline/io/raster/read_error.hpp"

#include <gtest/gtest.h>

namespace pitwatch {
namespace {

/// Of the error that an action throws, with the context of two callers around it.
template <typename Error>
bool is_unread_of(const Error& error) {
  try {
    try {
      try {
        throw error;
      } catch (...) {
        rethrow_with_context("band B04");
      }
    } catch (...) {
      rethrow_with_context("scene.json");
    }
  } catch (const std::exception& outer) {
    return is_unread(outer);
  }
  return false;
}

TEST(ReadErrors, AreKnownThroughAllContext) {
  EXPECT_TRUE(is_unread(ReadError("cannot open")));
  EXPECT_TRUE(is_unread_of(ReadError("cannot open")));
  EXPECT_TRUE(is_unread_of(UnavailableError("no route to host")));
  EXPECT_FALSE(is_unread(DataError("unfit for use")));
  EXPECT_FALSE(is_unread_of(DataError("unfit for use")));
  EXPECT_FALSE(is_unread_of(std::runtime_error("anything")));
}

}  // namespace
}  // namespace pitwatch
