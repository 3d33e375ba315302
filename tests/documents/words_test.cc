#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "documents/project_files.h"

// Words that documents, comments, test names and program texts must not contain, and their
// replacements.
namespace echo::test {
namespace {

struct Phrase {
  std::string_view words;  // In lower case; punctuation is a word.
  std::string_view better;
};

constexpr std::array kBanned{
    Phrase{"where", "if, when, in which"},
    Phrase{"tell", "report, log, print, notify"},
    Phrase{"tells", "report, log, print, notify"},
    Phrase{"told", "report, log, print, notify"},
    Phrase{"telling", "report, log, print, notify"},
    Phrase{"say", "send, report"},
    Phrase{"says", "send, report"},
    Phrase{"said", "send, report"},
    Phrase{"saying", "send, report"},
    Phrase{"so long", "TIME, while"},
    Phrase{"so many", "N, that many"},
    Phrase{"so often", "N times"},
    Phrase{"want of", "out of"},
    Phrase{"owe", "have pending bytes"},
    Phrase{"owes", "have pending bytes"},
    Phrase{"owed", "pending"},
    Phrase{"owing", "pending"},
    Phrase{"is due", "is scheduled"},
    Phrase{"are due", "are scheduled"},
    Phrase{"was due", "was scheduled"},
    Phrase{"were due", "were scheduled"},
    Phrase{"what due", "scheduled"},
    Phrase{"falls due", "is scheduled"},
    Phrase{"fall due", "are scheduled"},
    Phrase{"fell due", "was scheduled"},
    Phrase{"anew", "again"},
    Phrase{"likewise", "also"},
    Phrase{"of late", "recently"},
    Phrase{"ere", "before"},
    Phrase{"graver", "more severe"},
    Phrase{"bear", "carry, have"},
    Phrase{"bears", "carry, have"},
    Phrase{"borne", "carried"},
    Phrase{"is to", "must"},
    Phrase{"are to", "must"},
    Phrase{"was to", "had to"},
    Phrase{"were to", "had to"},
    Phrase{"whoever", "clients that"},
    Phrase{"nobody", "no client"},
    Phrase{"those that", "the noun"},
    Phrase{"those who", "the noun"},
    Phrase{"those which", "the noun"},
    Phrase{"the other .", "name it"},
    Phrase{"the other ,", "name it"},
    Phrase{"the other :", "name it"},
    Phrase{"the other ;", "name it"},
    Phrase{"the other )", "name it"},
    Phrase{"all the same", "anyway"},
    Phrase{"complaint", "error"},
    Phrase{"complaints", "errors"},
    Phrase{"complain", "report an error"},
    Phrase{"complains", "reports an error"},
    Phrase{"trouble", "error"},
    Phrase{"troubles", "errors"},
    Phrase{"take over", "restore"},
    Phrase{"takes over", "restores"},
    Phrase{"taken over", "restored"},
    Phrase{"taking over", "restoring"},
    Phrase{"took over", "restored"},
    Phrase{"quiet", "idle"},
    Phrase{"doubted", "to recheck"},
    Phrase{"on trial", "probing"},
    Phrase{"ageing", "candidate"},
    Phrase{"the system tells", "the kernel reports"},
    Phrase{"the system refuses", "the kernel refuses"},
    Phrase{". of", "the subject first"},
};

// Allowed although they contain a banned word: the name of a class and a section title.
constexpr std::array<std::string_view, 2> kAllowed{" quiet set ", " where it differs "};

// Continuous text, and the number of its first line.
struct Passage {
  std::string text;
  std::size_t line = 1;
};

// Keywords of CMake are in upper case.
std::string to_prose(const std::string& word) {
  std::string lower;
  bool has_lower_case = false;
  for (const char c : word) {
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    has_lower_case = has_lower_case || lower.back() == c;
  }
  return has_lower_case ? lower : word;
}

// The words in lower case, one blank before and after each. A word has letters, digits, "_" and
// "-"; every other character that is not a blank is a word.
std::string normalised(std::string_view text) {
  std::string words(" ");
  std::string word;
  const auto end_word = [&words, &word] {
    if (!word.empty()) words += to_prose(std::exchange(word, {})) + ' ';
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '_' || c == '-') {
      word += c;
      continue;
    }
    end_word();
    if (std::isspace(byte) == 0) words.append(1, c).append(" ");
  }
  end_word();
  return words;
}

bool is_source(const ProjectFile& file) {
  const std::string extension = file.path.extension().string();
  return extension == ".cc" || extension == ".h" || extension == ".go" || extension == ".mjs";
}

// "TakesTheNextAddress": "Takes The Next Address".
std::string split_camel_case(std::string_view name) {
  std::string words;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) words += ' ';
    words += c;
  }
  return words;
}

// Walks through a C++ source and collects its comments, literals and names of tests.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {}

  std::vector<Passage> passages() && {
    while (at_ < text_.size()) step();
    end_passage();
    return std::move(passages_);
  }

 private:
  void step() {
    if (skip("//")) {
      read_until("\n", Kind::kComment);
    } else if (skip("R\"")) {
      const std::string_view delimiter = take_until("(");
      read_until(")" + std::string(delimiter) + "\"", Kind::kLiteral);
    } else if (skip("'\"'") || skip("'\\\"'")) {
      return;
    } else if (skip("\"")) {
      read_literal();
    } else if (skip("TEST(") || skip("TEST_F(") || skip("TEST_P(")) {
      end_passage();
      const std::string_view name = take_until(")");
      passages_.push_back({split_camel_case(name), line_});
      count_lines(name);
    } else {
      if (std::isspace(static_cast<unsigned char>(text_[at_])) == 0) end_passage();
      if (text_[at_] == '\n') ++line_;
      ++at_;
    }
  }

  enum class Kind { kNone, kComment, kLiteral };

  bool skip(std::string_view beginning) {
    if (!text_.substr(at_).starts_with(beginning)) return false;
    at_ += beginning.size();
    return true;
  }

  std::string_view take_until(std::string_view end) {
    const std::size_t found = std::min(text_.find(end, at_), text_.size());
    const std::string_view taken = text_.substr(at_, found - at_);
    at_ = std::min(found + end.size(), text_.size());
    return taken;
  }

  void read_until(const std::string& end, Kind kind) { append(take_until(end), kind, end == "\n"); }

  void read_literal() {
    std::string literal;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const bool is_escape = text_[at_] == '\\';
      if (is_escape) ++at_;
      literal += is_escape ? ' ' : text_[at_];
    }
    at_ = std::min(at_ + 1, text_.size());
    append(literal, Kind::kLiteral, false);
  }

  // Lines of one comment, and literals with nothing between them, belong together.
  void append(std::string_view text, Kind kind, bool ends_line) {
    if (kind != kind_) end_passage();
    kind_ = kind;
    if (current_.text.empty()) current_.line = line_;
    current_.text.append(text).append(kind == Kind::kComment ? " " : "");
    count_lines(text);
    if (ends_line) ++line_;
  }

  void count_lines(std::string_view text) {
    line_ += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  void end_passage() {
    if (!current_.text.empty()) passages_.push_back(std::exchange(current_, {}));
    kind_ = Kind::kNone;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  Kind kind_ = Kind::kNone;
  Passage current_;
  std::vector<Passage> passages_;
};

// Paragraphs: an empty line, or a macro of a manual page, ends one. Comments lose their "#".
std::vector<Passage> paragraphs(const std::string& text) {
  std::vector<Passage> passages(1);
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || line.front() == '.') passages.push_back({"", number});
    const std::size_t begin = std::min(line.find_first_not_of(" #"), line.size());
    passages.back().text += line.substr(begin) + " ";
  }
  return passages;
}

std::vector<Passage> passages_of(const ProjectFile& file) {
  if (is_source(file)) return Source(file.text).passages();
  return paragraphs(file.is_document() ? without_code(file.text) : file.text);
}

// A text of one word is a name, such as that of an option.
std::string banned_in(std::string_view text) {
  if (text.find(' ') == std::string_view::npos) return "";
  std::string words = normalised(text);
  const std::size_t begin = std::min(text.find_first_not_of(" \n"), text.size());
  words.insert(0, text.substr(begin).starts_with("Of ") ? " ." : "");
  for (const std::string_view allowed : kAllowed) {
    for (std::size_t at = 0; (at = words.find(allowed)) != std::string::npos;) {
      words.replace(at, allowed.size(), " ");
    }
  }
  std::string found;
  for (const auto& [phrase, better] : kBanned) {
    if (words.find(" " + std::string(phrase) + " ") == std::string::npos) continue;
    found.append("\"").append(phrase).append("\": write ").append(better) += "\n";
  }
  return found;
}

TEST(Texts, ContainNoBannedWord) {
  for (const ProjectFile& file : project_files()) {
    if (file.name == "tests/documents/words_test.cc") continue;
    for (const Passage& passage : passages_of(file)) {
      EXPECT_EQ(banned_in(passage.text), "")
          << file.name << ", line " << passage.line << ": " << passage.text;
    }
  }
}

TEST(BannedWords, AreFoundInAnyCaseAndAcrossLines) {
  EXPECT_EQ(banned_in("Where there is none"), "\"where\": write if, when, in which\n");
  EXPECT_EQ(banned_in("wait so\nlong"), "\"so long\": write TIME, while\n");
  EXPECT_EQ(banned_in("It ends. Of two"), "\". of\": write the subject first\n");
  EXPECT_EQ(banned_in("Of two errors"), "\". of\": write the subject first\n");
  EXPECT_EQ(banned_in("'Nobody's business"), "\"nobody\": write no client\n");
}

TEST(BannedWords, AreNotFoundInsideOtherWords) {
  EXPECT_EQ(banned_in("whereas --quiet quiet_set QUIET foretell the other end"), "");
}

std::string passages_in(std::string_view source) {
  std::string text;
  for (const Passage& passage : Source(source).passages()) {
    text += std::to_string(passage.line) + ":" + passage.text + "|";
  }
  return text;
}

TEST(SourcePassages, JoinTheLinesOfAComment) {
  EXPECT_EQ(passages_in("// one\n// two\nint a;  // three\n"), "1: one  two |3: three |");
}

TEST(SourcePassages, JoinAdjacentLiterals) {
  EXPECT_EQ(passages_in(R"x(f("so "
  "long", "\"\\tell", '"', "x"))x"),
            "1:so long|2:  tell|2:x|");
}

TEST(SourcePassages, IncludeRawLiteralsAndTestNames) {
  EXPECT_EQ(passages_in("R\"x(a\nb)x\"\nTEST_F(OneTwo, Three) {}"), "1:a\nb|3: One Two,  Three|");
}

}  // namespace
}  // namespace echo::test
