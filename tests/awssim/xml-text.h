#pragma once

/* XML written straight into a Buf, as the Query protocol has it. */

#include "base/buf.h"

#define CLOUDWATCH_XML_NAMESPACE "http://monitoring.amazonaws.com/doc/2010-08-01/"
#define STS_XML_NAMESPACE "https://sts.amazonaws.com/doc/2011-06-15/"

void xml_text_element(Buf *out, const char *name, const char *value); /* <name>value</name>, escaped */
