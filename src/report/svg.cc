#include "echo/report/svg.h"

#include "echo/base/format.h"

namespace echo::svg {
namespace {

std::string escape_markup(std::string_view content) {
  std::string escaped;
  for (const char byte : content) {
    if (byte == '&') {
      escaped += "&amp;";
    } else if (byte == '<') {
      escaped += "&lt;";
    } else if (byte == '>') {
      escaped += "&gt;";
    } else {
      escaped += byte;
    }
  }
  return escaped;
}

}  // namespace

std::string pixels(double value) { return format_decimal(value, 1); }

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string text(double x, double y, std::string_view anchor, std::string_view content) {
  return "<text" + attribute("x", pixels(x)) + attribute("y", pixels(y)) +
         attribute("text-anchor", anchor) + ">" + escape_markup(content) + "</text>\n";
}

std::string rectangle(double left, double top, double right, double bottom,
                      std::string_view attributes) {
  return "<rect" + attribute("x", pixels(left)) + attribute("y", pixels(top)) +
         attribute("width", pixels(right - left)) + attribute("height", pixels(bottom - top)) +
         std::string(attributes) + "/>\n";
}

std::string path(std::string_view data, std::string_view attributes) {
  return "<path" + attribute("d", data) + std::string(attributes) + "/>\n";
}

std::string group(std::string_view attributes, std::string_view elements) {
  return "<g" + std::string(attributes) + ">\n" + std::string(elements) + "</g>\n";
}

std::string pattern(std::string_view id, double size, std::string_view elements) {
  return "<pattern" + attribute("id", id) + attribute("width", pixels(size)) +
         attribute("height", pixels(size)) + attribute("patternUnits", "userSpaceOnUse") + ">\n" +
         std::string(elements) + "</pattern>\n";
}

std::string document(double width, double height, std::string_view elements) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"" +
         attribute("width", pixels(width)) + attribute("height", pixels(height)) +
         ">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" + std::string(elements) +
         "</svg>\n";
}

}  // namespace echo::svg
