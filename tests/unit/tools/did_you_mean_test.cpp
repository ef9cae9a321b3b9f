#include "tools/did_you_mean.hpp"

#include <gtest/gtest.h>

namespace pitwatch::tools {
namespace {

using Words = std::vector<std::string>;

const Words known{"compare", "run", "rerun", "report", "min-area-ha", "max-area-ha", "sites", "site", ""};

TEST(NearestWords, ALetterPutInLeftOutChangedOrSwapped) {
  EXPECT_EQ(nearest_words("compair", known), Words{"compare"});
  EXPECT_EQ(nearest_words("compares", known), Words{"compare"});
  EXPECT_EQ(nearest_words("ocmpare", known), Words{"compare"});
  EXPECT_EQ(nearest_words("rnu", known), Words{"run"});
  EXPECT_EQ(nearest_words("reprot", known), Words{"report"});
}

TEST(NearestWords, TheBeginningOfOthers) {
  EXPECT_EQ(nearest_words("min-area", known), Words{"min-area-ha"});
  EXPECT_EQ(nearest_words("sit", known), (Words{"sites", "site"}));
}

TEST(NearestWords, AsManyAsAreEquallyNear) {
  EXPECT_EQ(nearest_words("cot", {"cat", "cut", "coast"}), (Words{"cat", "cut"}));
  EXPECT_EQ(nearest_words("ax", {"bx", "cx", "dx", "ex"}).size(), 3U);
}

TEST(NearestWords, TheNearestAlone) {
  EXPECT_EQ(nearest_words("mun-area-ha", {"max-area-ha", "min-area-ha"}), Words{"min-area-ha"});
}

TEST(NearestWords, NoneThatIsFar) {
  EXPECT_EQ(nearest_words("zzz", known), Words());
  EXPECT_EQ(nearest_words("", known), Words());
  EXPECT_EQ(nearest_words("r", known), Words());
  EXPECT_EQ(nearest_words(std::string(100000, 'a'), known), Words());
}

TEST(DidYouMean, NamesThem) {
  EXPECT_EQ(did_you_mean("sits", known, "--"), "; did you mean --sites or --site?");
  EXPECT_EQ(did_you_mean("zzz", known), "");
}

}  // namespace
}  // namespace pitwatch::tools
