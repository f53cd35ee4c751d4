#pragma once

/* XML written straight into a Buf, as the Query protocol has it. */

#include "base/buf.h"

#define CLOUDWATCH_XML_NAMESPACE "http://monitoring.amazonaws.com/doc/2010-08-01/"
#define STS_XML_NAMESPACE "https://sts.amazonaws.com/doc/2011-06-15/"

/* What every reply is wrapped in. */
void xml_text_open_response(Buf *out, const char *operation, const char *name_space);
void xml_text_close_response(Buf *out, const char *operation, const char *request_id);

void xml_text_element(Buf *out, const char *name, const char *value); /* <name>value</name>, escaped */
