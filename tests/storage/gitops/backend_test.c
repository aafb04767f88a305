#include "storage/gitops/backend.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void scan(const char *text, struct backends *out)
{
	backend_scan(BACKEND_FILE_BLOCKS, text, strlen(text), out);
}

static void a_backend_is_read(void **state)
{
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	scan("# backend \"s3\" { bucket = \"comment\" }\n"
	     "terraform {\n"
	     "  /* of old:\n backend \"s3\" {} */\n"
	     "  required_version = \">= 1.5\"\n"
	     "  backend \"s3\" {\n"
	     "    bucket         = \"states\" // here\n"
	     "    key            = \"aws/network.tfstate\"\n"
	     "    region         = \"eu-central-1\"\n"
	     "    dynamodb_table = \"locks\"\n"
	     "    assume_role    = { bucket = \"no\", role_arn = \"x\" }\n"
	     "    endpoints      = { s3 = \"https://s3.example.com\" }\n"
	     "  }\n"
	     "}\n",
	    &all);
	assert_int_equal(all.len, 1);
	const struct backend *b = all.items;
	assert_string_equal(b->bucket, "states");
	assert_string_equal(b->key, "aws/network.tfstate");
	assert_string_equal(b->region, "eu-central-1");
	assert_string_equal(b->table, "locks");
	assert_string_equal(b->endpoint, "https://s3.example.com");
	assert_int_equal(b->line, 6);
}

static void expressions_are_not_evaluated(void **state)
{
	static const char *const texts[] = {
	    "backend \"s3\" { bucket = var.bucket }",
	    "backend \"s3\" { bucket = \"a-${var.env}\" }",
	    "backend \"s3\" { bucket = \"a-${f(\"}\\\"\")}\" }",
	    "backend \"s3\" { bucket = \"a\" == b ? \"c\" : \"d\" }",
	    "backend \"s3\" { bucket = <<EOT\na\nEOT\n }",
	    "backend \"s3\" {}",
	    "backend \"s3\" {",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(backends_done) struct backends all = VEC_INIT;
		scan(texts[i], &all);
		assert_int_equal(all.len, 1);
		assert_null(all.items[0].bucket);
	}
}

static void an_escape_is_no_template(void **state)
{
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	scan("backend \"s3\" {\n key = \"$${a}/\\\"b\\\"\"\n bucket = \"x\"\n}",
	    &all);
	assert_int_equal(all.len, 1);
	assert_string_equal(all.items[0].key, "${a}/\"b\"");
	assert_string_equal(all.items[0].bucket, "x");
}

static void remote_states_are_read(void **state)
{
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	scan("remote_state {\n"
	     "  backend = \"s3\"\n"
	     "  generate = { path = \"backend.tf\", if_exists = \"skip\" }\n"
	     "  config = {\n"
	     "    bucket = \"terragrunt\"\n"
	     "    key = \"${path_relative_to_include()}/terraform.tfstate\"\n"
	     "  }\n"
	     "}\n"
	     "data \"terraform_remote_state\" \"net\" {\n"
	     "  config = { bucket = \"of-others\", key = \"net\" }\n"
	     "  backend = \"s3\"\n"
	     "}\n"
	     "data \"terraform_remote_state\" \"gcs\" {\n"
	     "  backend = \"gcs\"\n"
	     "  config = { bucket = \"google\" }\n"
	     "}\n"
	     "backend \"gcs\" { bucket = \"google\" }\n"
	     "data \"aws_s3_bucket\" \"b\" { bucket = \"data\" }\n",
	    &all);
	assert_int_equal(all.len, 2);
	assert_string_equal(all.items[0].bucket, "terragrunt");
	assert_null(all.items[0].key);
	assert_int_equal(all.items[0].line, 1);
	assert_int_equal(all.items[1].line, 9);
	assert_string_equal(all.items[1].bucket, "of-others");
	assert_string_equal(all.items[1].key, "net");
}

static void a_file_of_settings_is_one_backend(void **state)
{
	static const char text[] = "bucket = \"b\"\nregion=\"r\"\n";
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	backend_scan(BACKEND_FILE_SETTINGS, text, strlen(text), &all);
	assert_int_equal(all.len, 1);
	assert_string_equal(all.items[0].bucket, "b");
	assert_string_equal(all.items[0].region, "r");
	backend_scan(BACKEND_FILE_SETTINGS, "path = \"x\"", 10, &all);
	assert_int_equal(all.len, 1);
	backend_scan(BACKEND_FILE_NONE, text, strlen(text), &all);
	assert_int_equal(all.len, 1);
}

static void files_are_known_by_their_names(void **state)
{
	(void)state;
	assert_int_equal(backend_file_of("backend.tf"), BACKEND_FILE_BLOCKS);
	assert_int_equal(backend_file_of("x.tofu"), BACKEND_FILE_BLOCKS);
	assert_int_equal(
	    backend_file_of("terragrunt.hcl"), BACKEND_FILE_BLOCKS);
	assert_int_equal(
	    backend_file_of("prod.tfbackend"), BACKEND_FILE_SETTINGS);
	assert_int_equal(backend_file_of("a.tfvars"), BACKEND_FILE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_backend_is_read),
	    cmocka_unit_test(expressions_are_not_evaluated),
	    cmocka_unit_test(an_escape_is_no_template),
	    cmocka_unit_test(remote_states_are_read),
	    cmocka_unit_test(a_file_of_settings_is_one_backend),
	    cmocka_unit_test(files_are_known_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
