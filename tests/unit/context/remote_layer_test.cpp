// Layers page by page, as services of all kinds give them.

#include "pipeline/context/remote_layer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string first = "https://example.com/layer/1";
const std::string second = "https://example.com/layer/2";
const json next_link{{"rel", "next"}, {"href", "2"}};

json feature(const char* id) {
  return {{"type", "Feature"},
          {"id", id},
          {"properties", {{"holder", "H"}}},
          {"geometry", {{"type", "Point"}, {"coordinates", {46, 40}}}}};
}

json without_id(const char* holder) {
  json one = feature("");
  one.erase("id");
  one["properties"]["holder"] = holder;
  return one;
}

json page(const std::vector<json>& features, const json& members = json::object()) {
  json made{{"type", "FeatureCollection"}, {"features", features}};
  made.update(members);
  return made;
}

using Pages = std::map<std::string, json>;

Pages only(const json& one) { return {{first, one}}; }

std::string fetched(const Pages& pages) {
  return fetch_layer(
      first, [&](const std::string& url) { return pages.at(url).dump(); }, std::chrono::seconds(60));
}

std::size_t features_of(const Pages& pages) { return json::parse(fetched(pages)).at("features").size(); }

std::string refusal(const Pages& pages) {
  try {
    return "taken: " + fetched(pages);
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(RemoteLayer, AFeatureThatIsGivenTwiceStandsForNoOther) {
  const auto pages = [](const json& again, const json& stated) {
    json members = stated;
    members["links"] = json::array({next_link});
    return Pages{{first, page({feature("B")}, members)}, {second, page({again}, stated)}};
  };
  EXPECT_EQ(features_of(pages(feature("A"), {{"numberMatched", 2}})), 2U);
  EXPECT_EQ(refusal(pages(feature("B"), {{"numberMatched", 2}})),
            first + ": states 2 features and gave 2, 1 of them a second time: others are missing");
  EXPECT_THAT(refusal(pages(feature("B"), {{"totalFeatures", 2}})), HasSubstr("1 of them a second time"));
  EXPECT_THAT(refusal(pages(feature("B"), json::object())), HasSubstr("1 of them a second time"));
  EXPECT_EQ(features_of(pages(feature("B"), {{"numberMatched", 1}})), 2U) << "all are there";
  EXPECT_THAT(refusal(only(page({feature("B"), feature("B")}, {{"numberMatched", 2}}))), HasSubstr("1 of them"));
  EXPECT_EQ(features_of(only(page({feature("B"), feature("B")}))), 2U) << "a file that has it twice";
  // One id with other content is another feature: ids of layers are not always unique.
  json other = feature("B");
  other["geometry"]["coordinates"] = {47, 40};
  EXPECT_EQ(features_of(pages(other, {{"numberMatched", 2}})), 2U);
}

TEST(RemoteLayer, FeaturesWithoutAnIdAreTheSameWhereAllOfThemIs) {
  const json members{{"links", {next_link}}, {"numberMatched", 2}};
  EXPECT_EQ(features_of({{first, page({without_id("X")}, members)}, {second, page({without_id("Y")})}}), 2U);
  EXPECT_THAT(refusal({{first, page({without_id("X")}, members)}, {second, page({without_id("X")})}}),
              HasSubstr("1 of them a second time"));
  // On one page they are two rows of the layer.
  EXPECT_EQ(features_of(only(page({without_id("X"), without_id("X")}, {{"numberMatched", 2}}))), 2U);
}

TEST(RemoteLayer, WhatIsNoFeatureStandsForNone) {
  for (const json& none : {json(), json("x"), json::array()}) {
    EXPECT_THAT(refusal(only(page({feature("B"), none}, {{"numberMatched", 2}}))),
                HasSubstr("its 'features' is not understood"))
        << none;
  }
}

TEST(RemoteLayer, CountsAreUnderstoodAsTextAndWithADecimalPoint) {
  for (const char* const member : {"numberMatched", "totalFeatures"}) {
    for (const json& two : {json(2), json("2"), json(2.0)}) {
      EXPECT_THAT(refusal(only(page({feature("B")}, {{member, two}}))), HasSubstr("states 2 features and gave 1"))
          << two;
      EXPECT_EQ(features_of(only(page({feature("A"), feature("B")}, {{member, two}}))), 2U) << two;
    }
    for (const json& none : {json("unknown"), json("UNKNOWN"), json()}) {
      EXPECT_EQ(features_of(only(page({feature("B")}, {{member, none}}))), 1U) << none;
    }
    for (const json& wrong : {json("two"), json(""), json("2 "), json(1.5), json(-1), json(true), json::array({2})}) {
      EXPECT_THAT(refusal(only(page({feature("B")}, {{member, wrong}}))),
                  HasSubstr("its '" + std::string(member) + "' is not understood"))
          << wrong;
    }
  }
}

TEST(RemoteLayer, ACutAnswerIsUnderstoodAsText) {
  const auto cut = [](const json& value) { return page({feature("B")}, {{"exceededTransferLimit", value}}); };
  const auto within = [&](const json& value) { return page({feature("B")}, {{"properties", cut(value)}}); };
  for (const json& yes : {json(true), json("true"), json("TRUE")}) {
    EXPECT_THAT(refusal(only(cut(yes))), HasSubstr("says that there are more"));
    EXPECT_THAT(refusal(only(within(yes))), HasSubstr("says that there are more"));
  }
  for (const json& no : {json(false), json("false"), json()}) {
    EXPECT_EQ(features_of(only(cut(no))), 1U);
    EXPECT_EQ(features_of(only(within(no))), 1U);
  }
  for (const json& wrong : {json(1), json("yes"), json::object()}) {
    EXPECT_THAT(refusal(only(cut(wrong))), HasSubstr("its 'exceededTransferLimit' is not understood"));
  }
}

TEST(RemoteLayer, TheNextPageIsFoundInWhateverFormItIsNamed) {
  const auto with = [](const json& links) {
    return Pages{{first, page({feature("A")}, {{"links", links}})}, {second, page({feature("B")})}};
  };
  const auto rel = [](const json& value) { return json{{"rel", value}, {"href", "2"}}; };
  for (const json& relation :
       {json("next"), json("NEXT"), json("last next"), json::array({"next"}), json::array({"alternate", "next"}),
        json("http://www.opengis.net/def/rel/ogc/1.0/next")}) {
    EXPECT_EQ(features_of(with(json::array({rel(relation)}))), 2U) << relation;
    EXPECT_EQ(features_of(with(rel(relation))), 2U) << relation;
  }
  const json no_relation{{"href", "2"}};
  for (const json& links : {json(), json::array(), json::object(), json::array({rel("self")}),
                            json::array({rel(json::array({"self"}))}), json::array({no_relation}), rel("self")}) {
    EXPECT_EQ(features_of(with(links)), 1U) << links;
  }
  const json nowhere{{"rel", "next"}};
  for (const auto& [links, reason] : std::vector<std::pair<json, std::string>>{
           {json("2"), "'links' is not understood"},
           {json{{"next", "2"}}, "'links' is not understood"},
           {json::array({"2"}), "'links' is not understood"},
           {json::array({rel(1)}), "'rel' is not understood"},
           {json::array({rel(json::array({1}))}), "'rel' is not understood"},
           {json::array({nowhere}), "its link to the next page says not where that is"}}) {
    EXPECT_THAT(refusal(with(links)), HasSubstr(first + ": its ")) << links;
    EXPECT_THAT(refusal(with(links)), HasSubstr(reason)) << links;
  }
}

TEST(RemoteLayer, ErrorsNameThePageAtFault) {
  const json members{{"links", {next_link}}};
  EXPECT_THAT(refusal({{first, page({feature("A")}, members)}, {second, json{{"type", "Table"}}}}),
              HasSubstr(second + ": is no FeatureCollection"));
}

}  // namespace
}  // namespace pitwatch
