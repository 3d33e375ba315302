#include "echo/cli/option_hints.h"

#include <gtest/gtest.h>

#include <string>

namespace echo::test {
namespace {

OptionTable table() {
  return {
      {'p', "port", "PORT", "", {}},  {'P', "pipeline", "N", "", {}},
      {0, "idle", "N", "", {}},       {'i', "idle-timeout", "TIME", "", {}},
      {0, "svg", "FILE", "", {}},     {0, "csv", "", "", {}},
      {'q', "max-queue", "", "", {}},
  };
}

TEST(LongOptionHint, SuggestsTheMostSimilarName) {
  EXPECT_EQ(long_option_hint("--prot", table()), "; did you mean '--port'?");
  EXPECT_EQ(long_option_hint("--prot=7", table()), "; did you mean '--port'?");
  EXPECT_EQ(long_option_hint("--idle_timeout", table()), "; did you mean '--idle-timeout'?");
}

TEST(LongOptionHint, SuggestsAllNamesThatAreEquallySimilar) {
  EXPECT_EQ(long_option_hint("--ssv", table()), "; did you mean '--csv'?");
  EXPECT_EQ(long_option_hint("--ssg", table()), "; did you mean '--svg'?");
  EXPECT_EQ(long_option_hint("--scg", table()), "; did you mean '--svg'?");
  EXPECT_EQ(long_option_hint("--csvg", table()), "; did you mean '--svg' or '--csv'?");
}

TEST(LongOptionHint, SuggestsEveryNameWithAnAmbiguousPrefix) {
  EXPECT_EQ(long_option_hint("--p", table()), "; did you mean '--port' or '--pipeline'?");
}

TEST(LongOptionHint, SuggestsNamesThatEndWithTheWord) {
  EXPECT_EQ(long_option_hint("--queue", table()), "; did you mean '--max-queue'?");
}

TEST(LongOptionHint, RequiresTheFirstLetterIfTwoLettersDiffer) {
  EXPECT_EQ(long_option_hint("--sort", table()), "; did you mean '--port'?");
  EXPECT_EQ(long_option_hint("--fork", table()), "; see --help");
}

TEST(LongOptionHint, RefersToTheHelpIfNoNameIsSimilar) {
  for (const char* word : {"--nonsense", "--", "--=7", "--="}) {
    EXPECT_EQ(long_option_hint(word, table()), "; see --help") << word;
  }
}

TEST(LetterHint, SuggestsTheOtherCase) {
  EXPECT_EQ(letter_hint('Q', "-Q", table()), "; did you mean '-q'?");
}

TEST(LetterHint, SuggestsNamesThatBeginWithTheLetter) {
  EXPECT_EQ(letter_hint('s', "-s", table()), "; did you mean '--svg'?");
  EXPECT_EQ(letter_hint('I', "-I", table()), "; did you mean '--idle' or '-i'?");
}

TEST(LetterHint, SuggestsALongOptionAfterOneDash) {
  EXPECT_EQ(letter_hint('s', "-svg", table()), "; did you mean '--svg'?");
}

TEST(LetterHint, SuggestsHelpForItsUsualLetters) {
  EXPECT_EQ(letter_hint('h', "-h", table()), "; did you mean '--help'?");
  EXPECT_EQ(letter_hint('?', "-?", table()), "; did you mean '--help'?");
}

TEST(LetterHint, RefersToTheHelpIfNoOptionIsSimilar) {
  EXPECT_EQ(letter_hint('x', "-x", table()), "; see --help");
  EXPECT_EQ(letter_hint('\xe4', "-\xe4", table()), "; see --help");
}

TEST(SingleDashHint, SuggestsALongOptionOnly) {
  EXPECT_EQ(single_dash_hint("-port", table()), "; did you mean '--port'?");
  EXPECT_EQ(single_dash_hint("-port=7", table()), "; did you mean '--port'?");
  for (const char* word : {"-p", "-p7", "-", "", "port", "--port"}) {
    EXPECT_EQ(single_dash_hint(word, table()), "") << word;
  }
}

}  // namespace
}  // namespace echo::test
