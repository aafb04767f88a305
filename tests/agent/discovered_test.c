/*
 * What is found in clusters becomes settings of the run, or a line that says
 * why it does not: what is refused in a configuration is refused here.
 */
#include "agent/discovered.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "tests/support/configs.h"
#include "tests/support/environment.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTED(KIND, NAME)                                                     \
	KUBE_SERVED(KIND, NAME, "Namespaced", "\"list\",\"get\"")
/* Flux's repositories, Secrets, and the resources of its Terraform. */
#define SERVES                                                                 \
	KUBE_REPLY_TO("GET /api HTTP", "200 OK",                               \
	    KUBE_GROUPS(KUBE_GROUP("", LISTED("Secret", "secrets")))),         \
	    KUBE_REPLY_TO("GET /apis HTTP", "200 OK",                          \
		KUBE_GROUPS(KUBE_GROUP("source.toolkit.fluxcd.io",             \
		    LISTED("GitRepository",                                    \
			"gitrepositories")) "," KUBE_GROUP("infra.contrib."    \
							   "fluxcd.io",        \
		    LISTED("Terraform", "terraforms"))))
#define LIST(WHAT, ONES) KUBE_REPLY_TO(WHAT "?", "200 OK", KUBE_ITEMS(ONES))
#define FLUX(NAME, URL, MORE)                                                  \
	"{\"kind\":\"GitRepository\",\"metadata\":{\"namespace\":\"ns\","      \
	"\"name\":\"" NAME "\"},\"spec\":{\"url\":\"" URL "\"" MORE "}}"
#define KEPT_IN(NAME) ",\"secretRef\":{\"name\":\"" NAME "\"}"
#define STATE(NAME, BACKEND)                                                   \
	"{\"kind\":\"Terraform\",\"metadata\":{\"namespace\":\"ns\","          \
	"\"name\":\"" NAME "\"},\"spec\":{\"backendConfig\":{"                 \
	"\"customConfiguration\":\"backend \\\"s3\\\" {\\n" BACKEND "}\"}}}"
#define SET(KEY, VALUE) KEY " = \\\"" VALUE "\\\"\\n"
/* Each is read twice: for its keys, and for its values. */
#define SECRET(NAME, DATA)                                                     \
	KUBE_REPLY_TO("/namespaces/ns/secrets/" NAME " ", "200 OK",            \
	    "{\"kind\":\"Secret\",\"data\":{" DATA "}}"),                      \
	    KUBE_REPLY_TO("/namespaces/ns/secrets/" NAME " ", "200 OK",        \
		"{\"kind\":\"Secret\",\"data\":{" DATA "}}")
#define CLUSTER(MORE)                                                          \
	"kubernetes: {clusters: [{name: one, kubeconfig: kc, discover: "       \
	"true}" MORE "]}\n"

struct fixture {
	char *dir;
	struct script_server *server;
	struct settings *settings;
	struct organisations organisations;
	struct discovered d;
	struct test_environment env;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_environment_init(&f->env);
	*state = f;
	return 0;
}

/* The order that the header asks for. */
static int tear_down(void **state)
{
	struct fixture *f = *state;

	organisations_done(&f->organisations);
	discovered_done(&f->d);
	settings_free(f->settings);
	script_server_stop(f->server);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void begin(struct fixture *f, const char *config,
    const struct script_reply *replies, size_t count)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	autofree char *file = file_join(f->dir, "c.yaml");
	autofree char *kubeconfig = file_join(f->dir, "kc");
	struct err err = ERR_INIT;

	f->server = script_server_start(replies, count);
	test_kubeconfig_write(f->server, kubeconfig);
	f->settings = settings_parse(text, strlen(text), file, &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	assert_ok(organisations_list(
		      f->settings, &f->env.connect, &f->organisations, &err),
	    err);
}

static void add(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(discovered_add(
		      &f->d, &f->organisations, &f->env.connect, f->dir, &err),
	    err);
}

#define BEGIN(f, config, replies)                                              \
	begin((f), (config), (replies), sizeof(replies) / sizeof(*(replies)))

static void assert_left(const struct fixture *f, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&f->d.left, line)
		buf_printf(&all, "%s\n", *line);
	assert_string_equal(buf_str(&all), lines);
}

/* For its owner alone. */
static void assert_file(const char *path, const char *content)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	assert_non_null(path);
	assert_ok(file_read(path, 1000, &text, &err), err);
	assert_string_equal(buf_str(&text), content);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void it_is_wanted_where_a_cluster_says_so(void **state)
{
	struct fixture *f = *state;
	struct script_reply none[1] = {{.close = 1}};

	BEGIN(f, CLUSTER(""), none);
	assert_true(discovered_is_wanted(f->settings));
	f->settings->kubernetes.clusters.items[0].discover = false;
	assert_false(discovered_is_wanted(f->settings));
}

static void repositories_come_with_their_credentials(void **state)
{
	static const struct script_reply replies[] = {SERVES,
	    LIST("secrets", ""), LIST("terraforms", ""),
	    LIST("gitrepositories",
		FLUX("a", "https://h/a", KEPT_IN("user")) "," FLUX(
		    "b", "ssh://git@h/b", KEPT_IN("key"))),
	    SECRET("user", "\"username\":\"dQ==\",\"password\":\"cHc=\","
			   "\"ca.crt\":\"Y2E=\""),
	    SECRET("key", "\"identity\":\"aWQ=\",\"known_hosts\":\"a2g=\"")};
	struct fixture *f = *state;

	BEGIN(f, CLUSTER(""), replies);
	add(f);
	assert_left(f, "");
	assert_int_equal(f->d.repositories, 2);
	const struct settings *s = &f->organisations.settings;
	assert_int_equal(s->git.repositories.len, 2);
	const struct settings_repository *r = s->git.repositories.items;
	assert_string_equal(r[0].url, "https://h/a");
	assert_string_equal(r[0].name, "h/a");
	assert_true(r[0].lfs);
	assert_string_equal(r[1].url, "ssh://git@h/b");
	const struct settings_credentials *c =
	    settings_credentials_for(&s->git, "https://h/a");
	assert_non_null(c);
	assert_string_equal(c->username, "u");
	assert_string_equal(
	    c->password.location, "cluster 'one': Secret ns/user");
	assert_file(c->password.file, "pw");
	assert_file(c->ca_file, "ca");
	assert_null(c->ssh_key_file);
	c = settings_credentials_for(&s->git, "ssh://git@h/b");
	assert_non_null(c);
	assert_null(c->password.file);
	assert_file(c->ssh_key_file, "id");
	assert_file(c->known_hosts_file, "kh");
	/* The run's own alone have them. */
	assert_int_equal(f->settings->git.repositories.len, 0);
	assert_int_equal(f->settings->git.credentials.len, 0);
}

static void what_the_configuration_has_stays(void **state)
{
	static const struct script_reply replies[] = {SERVES,
	    LIST("secrets", ""), LIST("terraforms", ""),
	    LIST("gitrepositories",
		FLUX("a", "https://own/a", KEPT_IN("s")) "," FLUX(
		    "b", "https://h/b", "") "," FLUX("c", "https://h/c", "")),
	    SECRET("s", "\"password\":\"cHc=\"")};
	struct fixture *f = *state;

	BEGIN(f,
	    "git: {credentials: [{url: 'https://own/', token_file: t}], "
	    "repositories: [{url: 'https://other/x', name: h/b}, "
	    "{url: 'https://h/c.git'}]}\n" CLUSTER(""),
	    replies);
	add(f);
	assert_left(f,
	    "repository 'https://h/b' cannot be kept under the name 'h/b': "
	    "name it in git.repositories\n");
	assert_int_equal(f->d.repositories, 1);
	const struct settings_git *git = &f->organisations.settings.git;
	assert_int_equal(git->repositories.len, 3);
	assert_string_equal(git->repositories.items[2].url, "https://own/a");
	/* Only the search asked for its keys. */
	assert_int_equal(git->credentials.len, 1);
	assert_int_equal(test_kube_asked(f->server, "/secrets/s "), 1);
}

/* The value of neither is in what is said. */
static void what_a_configuration_is_refused_for_is_left(void **state)
{
	static const struct script_reply replies[] = {SERVES,
	    LIST("secrets",
		"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"any\","
		"\"labels\":{\"argocd.argoproj.io/secret-type\":"
		"\"repo-creds\"}},\"data\":{\"url\":\"aHR0cHM6Ly8=\","
		"\"password\":\"cHc=\"}}"),
	    LIST("terraforms", ""),
	    LIST("gitrepositories",
		FLUX("c", "http://example.org/c", KEPT_IN("clear")) "," FLUX(
		    "d", "https://h/d", KEPT_IN("empty")) "," FLUX("e",
		    "https://h/e", KEPT_IN("gone")) "," FLUX("g", "https://h/g",
		    KEPT_IN("good"))),
	    SECRET("any", "\"password\":\"cHc=\""),
	    SECRET("clear", "\"password\":\"cHc=\""),
	    SECRET("empty", "\"bearerToken\":\"cHc=\",\"password\":\"=!\""),
	    KUBE_REPLY_TO("/secrets/gone ", "200 OK",
		"{\"kind\":\"Secret\",\"data\":{\"password\":\"cHc=\"}}"),
	    KUBE_REPLY_TO("/secrets/gone ", "403 Forbidden", KUBE_REFUSED),
	    SECRET("good", "\"password\":\"Z29vZA==\"")};
	struct fixture *f = *state;

	BEGIN(f, CLUSTER(""), replies);
	add(f);
	const struct settings_git *git = &f->organisations.settings.git;
	assert_int_equal(git->repositories.len, 4);
	assert_null(settings_credentials_for(git, "http://example.org/c"));
	assert_null(settings_credentials_for(git, "https://h/e"));
	/* What those before it left is not its own. */
	assert_file(settings_credentials_for(git, "https://h/g")->password.file,
	    "good");
	assert_int_equal(f->d.left.len, 4);
	char **left = f->d.left.items;
	assert_string_equal(left[0],
	    "cluster 'one': Secret ns/any, for https://, names no host, and "
	    "would be sent to any");
	assert_string_equal(left[1],
	    "cluster 'one': Secret ns/clear, for http://example.org/c, would "
	    "send a password in the clear; it takes https://");
	assert_string_equal(left[2],
	    "cluster 'one': Secret ns/empty, for https://h/d, has neither a "
	    "password nor an SSH key");
	assert_contains(left[3],
	    "cluster 'one': Secret ns/gone, for https://h/e, was not read: ");
	assert_contains(left[3], "not yours");
}

static void buckets_are_taken_by_the_keys_that_are_named(void **state)
{
	static const struct script_reply replies[] = {SERVES,
	    LIST("secrets", ""), LIST("gitrepositories", ""),
	    LIST("terraforms",
		STATE("a", SET("bucket", "b") SET("key", "k/1") SET("region",
			       "eu-west-1") SET("endpoint", "https://s")
			       SET("dynamodb_table", "t")) "," STATE("b",
		    SET("bucket", "b") SET("key", "k/2")
			SET("endpoint", "https://s")) "," STATE("c",
		    SET("bucket", "b") SET("key", "k/3")
			SET("endpoint", "https://z")) "," STATE("d",
		    SET("bucket", "mine") SET("key", "in/1")) "," STATE("e",
		    SET("bucket", "mine") SET("key", "out/1")))};
	struct fixture *f = *state;

	BEGIN(f,
	    "terraform: {buckets: [{bucket: mine, region: eu-west-1, "
	    "prefixes: [in/]}]}\n" CLUSTER(""),
	    replies);
	add(f);
	assert_left(f,
	    "bucket 'b' at 'https://z': a bucket of that name is captured "
	    "already; this one takes a configuration of its own\n"
	    "state 'out/1' is outside of the prefixes of bucket 'mine'\n");
	const struct settings_buckets *all =
	    &f->organisations.settings.terraform.buckets;
	assert_int_equal(all->len, 2);
	assert_string_equal(all->items[0].s3.bucket, "mine");
	const struct settings_bucket *b = &all->items[1];
	assert_string_equal(b->s3.bucket, "b");
	assert_string_equal(b->s3.region, "eu-west-1");
	assert_string_equal(b->s3.endpoint, "https://s");
	assert_string_equal(b->dynamodb_table, "t");
	assert_int_equal(b->versions, 1);
	assert_int_equal(b->prefixes.len, 2);
	assert_string_equal(b->prefixes.items[0], "k/1");
	assert_string_equal(b->prefixes.items[1], "k/2");
	assert_int_equal(f->settings->terraform.buckets.len, 1);
}

static void a_cluster_that_does_not_answer_keeps_no_other(void **state)
{
	static const struct script_reply replies[] = {SERVES,
	    LIST("secrets", ""), LIST("terraforms", ""),
	    LIST("gitrepositories", FLUX("a", "https://h/a", ""))};
	struct fixture *f = *state;

	BEGIN(f,
	    "kubernetes: {clusters: ["
	    "{name: gone, kubeconfig: /nowhere/at/all, discover: true}, "
	    "{name: quiet, kubeconfig: /nowhere/at/all}, "
	    "{name: one, kubeconfig: kc, discover: true}]}\n",
	    replies);
	add(f);
	assert_int_equal(f->d.repositories, 1);
	assert_int_equal(f->d.left.len, 1);
	assert_contains(
	    f->d.left.items[0], "cluster 'gone' was not searched: ");
	assert_contains(f->d.left.items[0], "/nowhere/at/all");
}

static void a_file_that_cannot_be_written_ends_it(void **state)
{
	static const struct script_reply replies[] = {SERVES,
	    LIST("secrets", ""), LIST("terraforms", ""),
	    LIST("gitrepositories", FLUX("a", "https://h/a", KEPT_IN("s"))),
	    SECRET("s", "\"password\":\"cHc=\"")};
	struct fixture *f = *state;
	autofree char *nowhere = file_join(f->dir, "not/there");
	struct err err = ERR_INIT;

	BEGIN(f, CLUSTER(""), replies);
	assert_int_equal(discovered_add(&f->d, &f->organisations,
			     &f->env.connect, nowhere, &err),
	    -1);
	assert_contains(err.message, nowhere);
	assert_int_equal(f->organisations.settings.git.credentials.len, 0);
}

static void a_run_that_is_cancelled_finds_nothing(void **state)
{
	struct script_reply none[1] = {{.close = 1}};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	BEGIN(f, CLUSTER(""), none);
	cancel_request(&f->env.cancel);
	assert_fails(discovered_add(&f->d, &f->organisations, &f->env.connect,
			 f->dir, &err),
	    err, ERR_CANCELLED);
	assert_int_equal(f->d.left.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_wanted_where_a_cluster_says_so),
	    TEST(repositories_come_with_their_credentials),
	    TEST(what_the_configuration_has_stays),
	    TEST(what_a_configuration_is_refused_for_is_left),
	    TEST(buckets_are_taken_by_the_keys_that_are_named),
	    TEST(a_cluster_that_does_not_answer_keeps_no_other),
	    TEST(a_file_that_cannot_be_written_ends_it),
	    TEST(a_run_that_is_cancelled_finds_nothing),
	};

	return cmocka_run_group_tests_name("discovered", tests, NULL, NULL);
}
