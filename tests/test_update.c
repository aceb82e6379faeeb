/* test_update.c */
int main(void) { return 0; }
