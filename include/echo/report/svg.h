#pragma once

#include <string>
#include <string_view>

namespace echo::svg {

// The elements of an SVG picture, each with a newline. Coordinates are in pixels from the top left
// corner, rounded to tenths. `attributes` is a sequence of attribute().

// "12.5": a coordinate in an attribute.
std::string pixels(double value);

// ` name="value"`, with the space that separates it from the previous part of the tag. The value
// contains none of `"`, `<` and `&`.
std::string attribute(std::string_view name, std::string_view value);

// One line of text. `anchor` is the part of it that is at `x`: "start", "middle" or "end".
// `content` is printable ASCII; characters with a meaning in XML are escaped.
std::string text(double x, double y, std::string_view anchor, std::string_view content);

std::string rectangle(double left, double top, double right, double bottom,
                      std::string_view attributes);

// `data` is the list of commands that draw the path, such as "M0,0H10".
std::string path(std::string_view data, std::string_view attributes);

// Elements that inherit the attributes.
std::string group(std::string_view attributes, std::string_view elements);

// A square that fills an area in place of a colour: attribute("fill", "url(#ID)").
std::string pattern(std::string_view id, double size, std::string_view elements);

// The whole document: the elements on a white background.
std::string document(double width, double height, std::string_view elements);

}  // namespace echo::svg
