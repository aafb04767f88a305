#include "tests/support/configs.h"

#include "config/settings.h"
#include "tests/support/test.h"

#include <string.h>

static struct settings *parse(const char *text, struct err *err)
{
	return settings_parse(text, strlen(text), "/etc/b/c.yaml", err);
}

void assert_config(const char *text)
{
	struct err err = ERR_INIT;
	struct settings *s = parse(text, &err);

	if (!s)
		fail_msg("%s: %s", err.message, text);
	settings_free(s);
}

void assert_config_refused(const char *text, const char *part)
{
	struct err err = ERR_INIT;

	if (parse(text, &err))
		fail_msg("taken: %s", text);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, part);
}

void assert_config_cases(const struct config_case *cases, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (cases[i].refusal)
			assert_config_refused(cases[i].text, cases[i].refusal);
		else
			assert_config(cases[i].text);
}
