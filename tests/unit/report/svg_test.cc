#include "echo/report/svg.h"

#include <gtest/gtest.h>

namespace echo::svg {
namespace {

TEST(Svg, RoundsCoordinatesToTenths) {
  EXPECT_EQ(pixels(12), "12.0");
  EXPECT_EQ(pixels(0.26), "0.3");
}

TEST(Svg, EscapesMarkupInText) {
  EXPECT_EQ(text(1, 2, "end", "a<b> & \"c\""),
            "<text x=\"1.0\" y=\"2.0\" text-anchor=\"end\">a&lt;b&gt; &amp; \"c\"</text>\n");
}

TEST(Svg, TakesTheEdgesOfARectangle) {
  EXPECT_EQ(rectangle(1, 2, 4, 8, attribute("fill", "#fff")),
            "<rect x=\"1.0\" y=\"2.0\" width=\"3.0\" height=\"6.0\" fill=\"#fff\"/>\n");
}

TEST(Svg, GroupsElementsInADocument) {
  EXPECT_EQ(document(20, 10, group(attribute("fill", "#333"), path("M0,0H10", ""))),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"20.0\" height=\"10.0\">\n"
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
            "<g fill=\"#333\">\n<path d=\"M0,0H10\"/>\n</g>\n</svg>\n");
}

TEST(Svg, FillsWithAPattern) {
  EXPECT_EQ(pattern("id", 6, path("M0,6L6,0", "")),
            "<pattern id=\"id\" width=\"6.0\" height=\"6.0\" patternUnits=\"userSpaceOnUse\">\n"
            "<path d=\"M0,6L6,0\"/>\n</pattern>\n");
}

}  // namespace
}  // namespace echo::svg
