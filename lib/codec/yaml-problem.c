#include "codec/yaml-problem.h"

#include "base/macro.h"
#include "base/str.h"

#define TAB "a tab stands where YAML wants spaces; indent with spaces"

/* The first line whose words are part of problem (and of context, where given) wins. */
static const struct {
        const char *problem, *context, *explanation;
} explanations[] = {
        { "found character that cannot start any token", NULL,
                        "no value can begin with this character; put the value in quotes" },
        { "found a tab character", NULL, TAB },
        { "could not find expected ':'", NULL,
                        "this line is neither \"key: value\" nor \"- entry\": is the \":\" missing, or "
                        "the space behind it?" },
        { "mapping values are not allowed in this context", NULL,
                        "a \": \" cannot stand here; put the value in quotes if the colon is part of it, "
                        "otherwise check the indentation of this line and the one above" },
        { "block sequence entries are not allowed in this context", NULL,
                        "a list cannot begin here: start it on a line of its own below the key" },
        { "mapping keys are not allowed in this context", NULL, "a key cannot begin here" },
        { "did not find expected key", "block mapping",
                        "expected \"key: value\" or \"- entry\" in line with those above; check the indentation" },
        { "did not find expected '-' indicator", NULL,
                        "expected \"- entry\" in line with those above; check the indentation" },
        { "did not find expected ',' or ']'", NULL,
                        "expected \",\" or \"]\": a [ list ] that began above is not closed" },
        { "did not find expected ',' or '}'", NULL,
                        "expected \",\" or \"}\": a { map } that began above is not closed" },
        { "did not find expected node content", NULL, "expected a value here" },
        { "found unexpected end of stream", "quoted",
                        "the file ends inside of a quoted text; the closing quote is missing" },
        { "found unexpected document indicator", "quoted",
                        "a quoted text is not closed; its closing quote is missing" },
        { "found unknown escape character", NULL,
                        "unknown \"\\\" escape in a quoted text; write \"\\\\\" for a backslash, or use "
                        "single quotes" },
        { "did not find expected hexdecimal number", NULL,
                        "\"\\x\", \"\\u\" and \"\\U\" want 2, 4 and 8 hexadecimal digits" },
        { "found invalid Unicode character escape code", NULL, "this escape is no Unicode character" },
        { "did not find expected comment or line break", "block scalar",
                        "nothing but a comment may follow \"|\" or \">\" on the same line" },
        { "found an indentation indicator equal to 0", NULL, "a block of text cannot be indented by 0" },
        { "did not find expected alphabetic or numeric character", "anchor",
                        "\"&\" begins an anchor, which is not understood; put the value in quotes" },
        { "did not find expected alphabetic or numeric character", "alias",
                        "\"*\" begins an alias, which is not understood; put the value in quotes" },
        { "found unexpected ':'", NULL, "a \":\" cannot stand here; put the value in quotes" },
        { "did not find expected <document start>", NULL,
                        "expected the end of the file; nothing may follow the first document" },
        { "found undefined tag handle", NULL,
                        "\"!\" begins a tag, which is not understood; put the value in "
                        "quotes" },
        { "found duplicate anchor", NULL,
                        "\"&\" begins an anchor, which is not understood; repeat the value" },
        { "found incompatible YAML document", NULL, "only YAML 1.1 and 1.2 are understood" },
        { "", "tag", "\"!\" begins a tag, which is not understood; put the value in quotes" },
        { "", "directive", "\"%\" at the start of a line begins a directive, which is not understood" },
};

static bool contains(const char *s, const char *part) {
        return !part || strstr(s ? s : "", part);
}

const char *yaml_problem_explain(const char *problem, const char *context, char at) {
        if (at == '\t')
                return TAB;
        for (size_t i = 0; i < ELEMENTSOF(explanations); i++)
                if (contains(problem, explanations[i].problem) && contains(context, explanations[i].context))
                        return explanations[i].explanation;
        return "this is not YAML; check indentation, quotes and brackets around here";
}
