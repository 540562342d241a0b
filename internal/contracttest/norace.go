//go:build !race

package contracttest

const everyNth = 1
