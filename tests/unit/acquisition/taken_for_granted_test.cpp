#include "pipeline/acquisition/taken_for_granted.hpp"

#include <gmock/gmock.h>

namespace pitwatch {
namespace {

TEST(TakenForGranted, EachTextIsSaidOnceWithTheNumberOfItsScenes) {
  TakenForGranted taken;
  for (const std::string id : {"a", "b", "b", "c"}) {
    Scene scene;
    scene.id = id;
    scene.assumptions.emplace_back("0 is no data");
    if (id == "b") scene.assumptions.emplace_back("one image is passed over");
    taken.add(scene);
  }
  EXPECT_THAT(taken.told(), testing::ElementsAre(std::pair("a and 2 more", "0 is no data"),
                                                 std::pair("b", "one image is passed over")));
  EXPECT_TRUE(TakenForGranted().told().empty());
}

}  // namespace
}  // namespace pitwatch
