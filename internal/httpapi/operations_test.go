package httpapi

import "strings"

// Operations gives the method and path of every operation, as the contract writes them.
func Operations() []string {
	var list []string
	for _, op := range operations {
		list = append(list, strings.ToUpper(methodOf(op))+" "+strings.ReplaceAll(op.path, ":id", "{id}"))
	}
	return list
}
