/*
 * Texts of a configuration, for tests of what is taken and what is refused.
 */
#ifndef TESTS_SUPPORT_CONFIGS_H
#define TESTS_SUPPORT_CONFIGS_H

/* What every configuration needs: no encryption, no signatures, one vault. */
#define CONFIG_HEAD                                                            \
	"name: prod\n"                                                         \
	"vaults: [{name: a, directory: /v}]\n"                                 \
	"encryption: none\n"                                                   \
	"signing: none\n"

/* That the text is a configuration. */
void assert_config(const char *text);
/* That it is refused with ERR_USAGE, and `part` in the message. */
void assert_config_refused(const char *text, const char *part);

/* A text, and a part of its refusal; NULL: it is taken. */
struct config_case {
	const char *text;
	const char *refusal;
};
void assert_config_cases(const struct config_case *cases, unsigned int count);
#define ASSERT_CONFIG_CASES(cases)                                             \
	assert_config_cases(cases, sizeof(cases) / sizeof(*(cases)))

#endif
