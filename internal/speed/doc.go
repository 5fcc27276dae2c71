// Speed measures the library beside the barest code that could do the same, on
// servers that it starts itself, and prints tables in Markdown.
package main
