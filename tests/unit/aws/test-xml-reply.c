#include "aws/xml-reply.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "lib/test.h"

#define BUF_MAX (8u * 1024 * 1024)
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

static int parse_size(const char *text, size_t size) {
        _cleanup_(xml_reply_done) XmlReply x = { 0 };
        int r = xml_reply_parse(text, size, &x);

        EXPECT((r >= 0) == (x.n_nodes > 0));
        return r;
}

static int parse(const char *text) {
        return parse_size(text, strlen(text));
}

TEST(a_tree_with_text_in_its_leaves) {
        static const char text[] =
                        DECLARATION "\n<r:Response xmlns:r=\"http://example.com/\" a=\"1\">\n"
                                    "  <Result><!-- no -->\n"
                                    "    <member>a &lt;b&gt; &amp; &quot;&apos;&#233;&#x20AC;</member>\n"
                                    "    <member/> <?pi x?>\n"
                                    "    <member>one<![CDATA[ <two> ]]>three</member>\n"
                                    "  </Result>\n"
                                    "  <x:Id xmlns:x=\"u\"> 7\r\n</x:Id>\n"
                                    "</r:Response>\n";
        _cleanup_(xml_reply_done) XmlReply x = { 0 };
        const XmlNode *root, *member;

        EXPECT_OK(xml_reply_parse(text, strlen(text), &x));
        EXPECT_INT(x.n_nodes, 6);
        root = &x.nodes[0];
        EXPECT_STR(root->name, "Response");
        EXPECT_STR(root->text, "");
        EXPECT(!root->next);
        member = xml_node_child(xml_node_child(root, "Result"), "member");
        EXPECT(member && member->next && member->next->next && !member->next->next->next);
        EXPECT_STR(member->text, "a <b> & \"'\xc3\xa9\xe2\x82\xac");
        EXPECT_STR(member->next->text, "");
        EXPECT_STR(member->next->next->text, "one <two> three");
        EXPECT_STR(xml_node_text(root, "Id"), " 7\n");
        EXPECT(!xml_node_text(root, "Result"));
        EXPECT(!xml_node_text(root, "None") && !xml_node_text(NULL, "Id"));
        EXPECT(!xml_node_child(root, "r:Id") && !xml_node_child(NULL, "Id"));
}

TEST(text_beside_elements_is_dropped) {
        static const char text[] = "<a>one<b>two</b>three<c>four</c>five</a>";
        _cleanup_(xml_reply_done) XmlReply x = { 0 };

        EXPECT_OK(xml_reply_parse(text, strlen(text), &x));
        EXPECT_STR(x.nodes[0].text, "");
        EXPECT_STR(xml_node_text(&x.nodes[0], "b"), "two");
        EXPECT_STR(xml_node_text(&x.nodes[0], "c"), "four");
}

TEST(one_document_and_nothing_else) {
        static const char declared[] = DECLARATION "<a/>", spaced[] = " " DECLARATION "<a/>";
        static const char *const good[] = { "<a/>", "<a></a>", declared, " <a/> \r\n\t", "\xef\xbb\xbf<a/>",
                "<a/><!-- -->", "<?xml version='1.0' encoding='utf-8'?><a/>", "<?xml version='1.0'?><a/>",
                "<a b='1' c='2'/>" };
        static const char *const bad[] = { "", " ", "a", "{}", "<", "<a", "<a>", "<a></b>", "<a/><b/>",
                "<a/>x", "</a>", "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#x1b;</a>", "<a>\x01</a>",
                "<a>\xff</a>", "<a>\xc3</a>", "<a>\xed\xa0\x80</a>", "<a>\xc0\x80</a>", "<a><![CDATA[x</a>",
                "<a b='1' b='2'/>", spaced, "<a>&lt</a>", "<a>]]></a>", "<html><br><p>no</html>" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                if (parse(good[i]) < 0)
                        FAIL("refused: %s", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (parse(bad[i]) != -EBADMSG)
                        FAIL("accepted: %s", bad[i]);
        EXPECT_INT(parse_size("<a/>\0", 5), -EBADMSG);
        EXPECT_INT(parse_size(NULL, 0), -EBADMSG);
        EXPECT_INT(parse_size("<a/>", (size_t) INT32_MAX + 1), -EBADMSG);
}

TEST(only_utf8) {
        static const char utf16le[] = "\xff\xfe<\0a\0/\0>", utf16be[] = "\xfe\xff\0<\0a\0/\0>";

        EXPECT_INT(parse("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), -EBADMSG);
        EXPECT_INT(parse("<?xml version='1.0' encoding='UTF-16'?><a/>"), -EBADMSG);
        EXPECT_INT(parse_size(utf16le, sizeof(utf16le)), -EBADMSG);
        EXPECT_INT(parse_size(utf16be, sizeof(utf16be) - 1), -EBADMSG);
        EXPECT_INT(parse_size(utf16be + 2, sizeof(utf16be) - 3), -EBADMSG);
        EXPECT_INT(parse_size("\xff\xfe<a/>", 6), -EBADMSG);
}

TEST(no_document_type) {
        static const char *const bad[] = {
                "<!DOCTYPE a><a/>",
                "<!DOCTYPE html><html></html>",
                "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
                "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>",
                "<!DOCTYPE a SYSTEM 'http://example.com/a.dtd'><a/>",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (parse(bad[i]) != -EBADMSG)
                        FAIL("accepted: %s", bad[i]);
}

static int parse_repeated(
                const char *before, const char *unit, size_t n, const char *after_unit, const char *after) {
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);

        (void) buf_puts(&b, before);
        for (size_t i = 0; i < n; i++)
                (void) buf_puts(&b, unit);
        for (size_t i = 0; i < n; i++)
                (void) buf_puts(&b, after_unit);
        EXPECT_OK(buf_puts(&b, after));
        return parse_size(buf_text(&b), b.size);
}

TEST(depth_is_limited) {
        EXPECT_OK(parse_repeated("", "<a>", 32, "</a>", ""));
        EXPECT_INT(parse_repeated("", "<a>", 33, "</a>", ""), -EBADMSG);
        EXPECT_INT(parse_repeated("", "<a>", 100000, "</a>", ""), -EBADMSG);
        EXPECT_INT(parse_repeated("<a>", "<a>", 31, "</a>", "<b/>"), -EBADMSG);
}

TEST(elements_are_limited) {
        EXPECT_OK(parse_repeated("<a>", "<b/>", 299999, "", "</a>"));
        EXPECT_INT(parse_repeated("<a>", "<b/>", 300000, "", "</a>"), -EBADMSG);
        EXPECT_INT(parse_repeated("<a>", "<!---->", 300000, "", "</a>"), -EBADMSG);
}

TEST(attributes_are_limited) {
        EXPECT_OK(parse_repeated("<a>", "<b a='' b=''/>", 8192, "", "</a>"));
        EXPECT_INT(parse_repeated("<a c=''>", "<b a='' b=''/>", 8192, "", "</a>"), -EBADMSG);
}

/* The tree has room for whatever the text can hold. */
TEST(dense_documents_fit) {
        EXPECT_OK(parse("<a/>"));
        EXPECT_OK(parse_repeated("<a>", "<b>x</b>", 1000, "", "</a>"));
        EXPECT_OK(parse_repeated("<a>", "x", 1000, "", "</a>"));
        EXPECT_OK(parse_repeated("<a>", "&#9;", 1000, "", "</a>"));
        EXPECT_OK(parse_repeated("<a>", "&#x10FFFF;", 1000, "", "</a>"));
}

TEST(numbers) {
        static const struct {
                const char *text;
                double value;
        } good[] = { { "0", 0 }, { "3.0", 3 }, { "-1.5", -1.5 }, { "+2", 2 }, { "1.0E-4", 1e-4 },
                { "2.5e+3", 2500 }, { "1E10", 1e10 }, { "0.1", 0.1 }, { "123456789.0625", 123456789.0625 },
                { "1e999", HUGE_VAL }, { "-1e999", -HUGE_VAL } };
        static const char *const bad[] = { "", " ", "NaN", "Infinity", "-Infinity", "inf", "0x1", " 1", "1 ",
                "1,5", "1.", ".5", "1e", "1e+", "--1", "1.5.2", "+" };
        double value = 0;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                EXPECT_OK(xml_text_number(good[i].text, &value));
                EXPECT(!(value < good[i].value) && !(value > good[i].value));
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (xml_text_number(bad[i], &value) != -EBADMSG)
                        FAIL("accepted: %s", bad[i]);
}
