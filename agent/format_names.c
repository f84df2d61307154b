/* SPDX-License-Identifier: ISC */
#include "agent/format.h"

/*
 * IANA, "ICMP Type Numbers". Types 0 to 16 bear the names that users of the
 * dashboard know (Echo Request where the registry says Echo). Unassigned and
 * reserved types have no name.
 */
static const char *const icmp4_names[256] = {
	[0] = "Echo Reply",
	[3] = "Destination Unreachable",
	[4] = "Source Quench",
	[5] = "Redirect",
	[6] = "Alternate Host Address",
	[8] = "Echo Request",
	[9] = "Router Advertisement",
	[10] = "Router Solicitation",
	[11] = "Time Exceeded",
	[12] = "Parameter Problem",
	[13] = "Timestamp Request",
	[14] = "Timestamp Reply",
	[15] = "Information Request",
	[16] = "Information Reply",
	[17] = "Address Mask Request",
	[18] = "Address Mask Reply",
	[30] = "Traceroute",
	[31] = "Datagram Conversion Error",
	[32] = "Mobile Host Redirect",
	[33] = "IPv6 Where-Are-You",
	[34] = "IPv6 I-Am-Here",
	[35] = "Mobile Registration Request",
	[36] = "Mobile Registration Reply",
	[37] = "Domain Name Request",
	[38] = "Domain Name Reply",
	[39] = "SKIP",
	[40] = "Photuris",
	[41] = "Experimental Mobility",
	[42] = "Extended Echo Request",
	[43] = "Extended Echo Reply",
	[253] = "RFC3692-style Experiment 1",
	[254] = "RFC3692-style Experiment 2",
};

/*
 * IANA, "ICMPv6 type Numbers". "ICMP" before and "Message" behind a name are
 * left out: the line says both.
 */
static const char *const icmp6_names[256] = {
	[1] = "Destination Unreachable",
	[2] = "Packet Too Big",
	[3] = "Time Exceeded",
	[4] = "Parameter Problem",
	[100] = "Private experimentation",
	[101] = "Private experimentation",
	[128] = "Echo Request",
	[129] = "Echo Reply",
	[130] = "Multicast Listener Query",
	[131] = "Multicast Listener Report",
	[132] = "Multicast Listener Done",
	[133] = "Router Solicitation",
	[134] = "Router Advertisement",
	[135] = "Neighbor Solicitation",
	[136] = "Neighbor Advertisement",
	[137] = "Redirect",
	[138] = "Router Renumbering",
	[139] = "Node Information Query",
	[140] = "Node Information Response",
	[141] = "Inverse Neighbor Discovery Solicitation",
	[142] = "Inverse Neighbor Discovery Advertisement",
	[143] = "Version 2 Multicast Listener Report",
	[144] = "Home Agent Address Discovery Request",
	[145] = "Home Agent Address Discovery Reply",
	[146] = "Mobile Prefix Solicitation",
	[147] = "Mobile Prefix Advertisement",
	[148] = "Certification Path Solicitation",
	[149] = "Certification Path Advertisement",
	[150] = "Experimental Mobility",
	[151] = "Multicast Router Advertisement",
	[152] = "Multicast Router Solicitation",
	[153] = "Multicast Router Termination",
	[154] = "FMIPv6",
	[155] = "RPL Control",
	[156] = "ILNPv6 Locator Update",
	[157] = "Duplicate Address Request",
	[158] = "Duplicate Address Confirmation",
	[159] = "MPL Control",
	[160] = "Extended Echo Request",
	[161] = "Extended Echo Reply",
	[200] = "Private experimentation",
	[201] = "Private experimentation",
};

const char *format_type_name(int family, unsigned int type)
{
	if (type > 255)
		return NULL;
	return family == 6 ? icmp6_names[type] : icmp4_names[type];
}
