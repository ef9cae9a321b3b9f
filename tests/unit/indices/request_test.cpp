#include "pipeline/indices/request.hpp"

#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using Texts = std::vector<std::string>;

Texts names_of(const IndexRequest& request) {
  Texts names;
  for (const RequestedIndex& index : request.indices) names.push_back(index.name);
  return names;
}

TEST(IndexRequest, NamesOfIndicesAndFormulas) {
  const IndexRequest request =
      make_request(Texts{"ndvi", "GOSSAN"}, Texts{"wet = (B03-B11)/(B03+B11)", "B08 > 0.2", "B04==B08"}, {});
  EXPECT_EQ(names_of(request), (Texts{"NDVI", "GOSSAN", "wet", "expression_2", "expression_3"}));
  EXPECT_EQ(request.indices[0].range, (ValueRange{-1, 1}));
  EXPECT_EQ(request.indices[2].formula, " (B03-B11)/(B03+B11)");
  EXPECT_EQ(request.plan().outputs, 5U);
  EXPECT_EQ(request.plan(1, 2).outputs, 2U);
  EXPECT_EQ(names_of(make_request({}, Texts{"B08"}, {})), Texts{"expression"});
}

TEST(IndexRequest, WhatCannotBeIsRefused) {
  EXPECT_THROW(make_request({}, {}, {}), ConfigError);
  EXPECT_THROW(make_request(Texts{"NDVX"}, {}, {}), ConfigError);
  EXPECT_THROW(make_request(Texts{"NDVI", "ndvi"}, {}, {}), ConfigError);
  EXPECT_THROW(make_request(Texts{"NDVI"}, Texts{"ndvi=B08"}, {}), ConfigError) << "files would have one name";
  EXPECT_THROW(make_request({}, Texts{std::string(65, 'a') + "=B08"}, {}), ConfigError);
  EXPECT_THROW(make_request({}, Texts{"../x=B08"}, {}), ConfigError);
  EXPECT_THROW(make_request({}, Texts{"a="}, {}), ConfigError);
  EXPECT_THROW(make_request({}, Texts{"a=b=B08"}, {}), ConfigError);
}

}  // namespace
}  // namespace pitwatch
